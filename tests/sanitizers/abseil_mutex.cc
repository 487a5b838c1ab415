// Tells the thread sanitizer about absl::Mutex, absl::CondVar and absl::Notification.
//
// The distribution's Abseil is built without the sanitizer, which therefore sees none of its
// synchronisation and calls every field guarded by a mutex a race. Here the functions of the shared
// library are replaced by ones that announce what they do and then call the library's own; the
// library and gRPC reach them too. Only in builds with the thread sanitizer, and only with Abseil
// linked as a shared library.
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <cstdio>
#include <cstdlib>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace absl {
ABSL_NAMESPACE_BEGIN
namespace {

template <typename Function>
Function* Library(const char* symbol) {
  void* const address = ::dlsym(RTLD_NEXT, symbol);
  if (address == nullptr) {
    std::fprintf(stderr, "the Abseil library lacks %s\n", symbol);
    std::abort();
  }
  return reinterpret_cast<Function*>(address);
}

// The library may build one of its functions on another: only the outer one is announced.
thread_local int depth = 0;

class Announcement {
 public:
  Announcement() { ++depth; }
  Announcement(const Announcement&) = delete;
  Announcement& operator=(const Announcement&) = delete;
  ~Announcement() { --depth; }
  bool outer() const { return depth == 1; }
};

// Between the two calls of a pair the sanitizer ignores what this thread does: the library
// evaluates the conditions of other threads inside of Unlock.
template <typename Call>
void Locking(Mutex* mutex, unsigned flags, Call call) {
  const Announcement announcement;
  if (announcement.outer()) __tsan_mutex_pre_lock(mutex, flags);
  call();
  if (announcement.outer()) __tsan_mutex_post_lock(mutex, flags, 0);
}

template <typename Call>
bool TryLocking(Mutex* mutex, unsigned flags, Call call) {
  const Announcement announcement;
  const unsigned try_flags = flags | __tsan_mutex_try_lock;
  if (announcement.outer()) __tsan_mutex_pre_lock(mutex, try_flags);
  const bool locked = call();
  const unsigned result = locked ? 0 : __tsan_mutex_try_lock_failed;
  if (announcement.outer()) __tsan_mutex_post_lock(mutex, try_flags | result, 0);
  return locked;
}

template <typename Call>
void Unlocking(Mutex* mutex, unsigned flags, Call call) {
  const Announcement announcement;
  if (announcement.outer()) __tsan_mutex_pre_unlock(mutex, flags);
  call();
  if (announcement.outer()) __tsan_mutex_post_unlock(mutex, flags);
}

// A wait gives the lock away and takes it again.
template <typename Call>
auto Waiting(Mutex* mutex, Call call) {
  const Announcement announcement;
  if (announcement.outer()) {
    __tsan_mutex_pre_unlock(mutex, 0);
    __tsan_mutex_post_unlock(mutex, 0);
    __tsan_mutex_pre_lock(mutex, 0);
  }
  const auto result = call();
  if (announcement.outer()) __tsan_mutex_post_lock(mutex, 0, 0);
  return result;
}

}  // namespace

#define NVMEOF_ABSL "_ZN4absl7debian3"

void Mutex::Lock() {
  static auto* real = Library<void(Mutex*)>(NVMEOF_ABSL "5Mutex4LockEv");
  Locking(this, 0, [this] { real(this); });
}

void Mutex::ReaderLock() {
  static auto* real = Library<void(Mutex*)>(NVMEOF_ABSL "5Mutex10ReaderLockEv");
  Locking(this, __tsan_mutex_read_lock, [this] { real(this); });
}

void Mutex::LockWhen(const Condition& condition) {
  static auto* real =
      Library<void(Mutex*, const Condition&)>(NVMEOF_ABSL "5Mutex8LockWhenERKNS0_9ConditionE");
  Locking(this, 0, [&] { real(this, condition); });
}

void Mutex::ReaderLockWhen(const Condition& condition) {
  static auto* real = Library<void(Mutex*, const Condition&)>(
      NVMEOF_ABSL "5Mutex14ReaderLockWhenERKNS0_9ConditionE");
  Locking(this, __tsan_mutex_read_lock, [&] { real(this, condition); });
}

bool Mutex::LockWhenWithTimeout(const Condition& condition, Duration timeout) {
  static auto* real = Library<bool(Mutex*, const Condition&, Duration)>(
      NVMEOF_ABSL "5Mutex19LockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE");
  bool met = false;
  Locking(this, 0, [&] { met = real(this, condition, timeout); });
  return met;
}

bool Mutex::LockWhenWithDeadline(const Condition& condition, Time deadline) {
  static auto* real = Library<bool(Mutex*, const Condition&, Time)>(
      NVMEOF_ABSL "5Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE");
  bool met = false;
  Locking(this, 0, [&] { met = real(this, condition, deadline); });
  return met;
}

bool Mutex::TryLock() {
  static auto* real = Library<bool(Mutex*)>(NVMEOF_ABSL "5Mutex7TryLockEv");
  return TryLocking(this, 0, [this] { return real(this); });
}

bool Mutex::ReaderTryLock() {
  static auto* real = Library<bool(Mutex*)>(NVMEOF_ABSL "5Mutex13ReaderTryLockEv");
  return TryLocking(this, __tsan_mutex_read_lock, [this] { return real(this); });
}

void Mutex::Unlock() {
  static auto* real = Library<void(Mutex*)>(NVMEOF_ABSL "5Mutex6UnlockEv");
  Unlocking(this, 0, [this] { real(this); });
}

void Mutex::ReaderUnlock() {
  static auto* real = Library<void(Mutex*)>(NVMEOF_ABSL "5Mutex12ReaderUnlockEv");
  Unlocking(this, __tsan_mutex_read_lock, [this] { real(this); });
}

void Mutex::Await(const Condition& condition) {
  static auto* real =
      Library<void(Mutex*, const Condition&)>(NVMEOF_ABSL "5Mutex5AwaitERKNS0_9ConditionE");
  Waiting(this, [&] {
    real(this, condition);
    return true;
  });
}

bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  static auto* real = Library<bool(Mutex*, const Condition&, Duration)>(
      NVMEOF_ABSL "5Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE");
  return Waiting(this, [&] { return real(this, condition, timeout); });
}

bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  static auto* real = Library<bool(Mutex*, const Condition&, Time)>(
      NVMEOF_ABSL "5Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE");
  return Waiting(this, [&] { return real(this, condition, deadline); });
}

void CondVar::Wait(Mutex* mutex) {
  static auto* real = Library<void(CondVar*, Mutex*)>(NVMEOF_ABSL "7CondVar4WaitEPNS0_5MutexE");
  Waiting(mutex, [&] {
    real(this, mutex);
    return true;
  });
}

bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  static auto* real = Library<bool(CondVar*, Mutex*, Duration)>(
      NVMEOF_ABSL "7CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
  return Waiting(mutex, [&] { return real(this, mutex, timeout); });
}

bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  static auto* real = Library<bool(CondVar*, Mutex*, Time)>(
      NVMEOF_ABSL "7CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  return Waiting(mutex, [&] { return real(this, mutex, deadline); });
}

#undef NVMEOF_ABSL

// These are small enough to be written again: over the functions above, and with an atomic that
// the sanitizer sees on both sides.
void Notification::Notify() {
  const MutexLock lock(&mutex_);
  notified_yet_.store(true, std::memory_order_release);
}

Notification::~Notification() {
  // Waits for a Notify that is still inside.
  const MutexLock lock(&mutex_);
}

void Notification::WaitForNotification() const {
  if (HasBeenNotifiedInternal(&notified_yet_)) return;
  const MutexLock lock(&mutex_, Condition(&HasBeenNotifiedInternal, &notified_yet_));
}

bool Notification::WaitForNotificationWithTimeout(Duration timeout) const {
  if (HasBeenNotifiedInternal(&notified_yet_)) return true;
  const bool notified =
      mutex_.LockWhenWithTimeout(Condition(&HasBeenNotifiedInternal, &notified_yet_), timeout);
  mutex_.Unlock();
  return notified;
}

bool Notification::WaitForNotificationWithDeadline(Time deadline) const {
  if (HasBeenNotifiedInternal(&notified_yet_)) return true;
  const bool notified =
      mutex_.LockWhenWithDeadline(Condition(&HasBeenNotifiedInternal, &notified_yet_), deadline);
  mutex_.Unlock();
  return notified;
}

ABSL_NAMESPACE_END
}  // namespace absl
