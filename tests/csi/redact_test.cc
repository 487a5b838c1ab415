#include "csi/redact.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "csi/v1/csi.pb.h"

namespace nvmeof::csi {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(RedactTest, ShowsWhatIsNoSecret) {
  ::csi::v1::CreateVolumeRequest request;
  request.set_name("pvc-1");
  (*request.mutable_parameters())["backend"] = "fast";
  EXPECT_THAT(Redact(request), AllOf(HasSubstr("pvc-1"), HasSubstr("fast")));
}

TEST(RedactTest, ShowsNeitherKeyNorValueOfASecret) {
  ::csi::v1::NodeStageVolumeRequest request;
  request.set_volume_id("vol-7");
  (*request.mutable_secrets())["password"] = "hunter2";
  const std::string text = Redact(request);
  EXPECT_THAT(text, AllOf(Not(HasSubstr("password")), Not(HasSubstr("hunter2"))));
  EXPECT_EQ(text, R"(volume_id: "vol-7" secrets: (secret))");
}

TEST(RedactTest, LeavesTheRequestAsItIs) {
  ::csi::v1::DeleteVolumeRequest request;
  (*request.mutable_secrets())["password"] = "hunter2";
  EXPECT_EQ(Redact(request), "secrets: (secret)");
  EXPECT_EQ(request.secrets().at("password"), "hunter2");
}

TEST(RedactTest, WritesOneLine) {
  ::csi::v1::CreateVolumeRequest request;
  request.set_name("two\nlines");
  request.mutable_capacity_range()->set_required_bytes(1);
  EXPECT_THAT(Redact(request), Not(HasSubstr("\n")));
}

void FillSecrets(Message& message) {
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    if (!field.options().GetExtension(::csi::v1::csi_secret)) continue;
    Message& entry = *message.GetReflection()->AddMessage(&message, &field);
    const auto& parts = *entry.GetReflection();
    parts.SetString(&entry, field.message_type()->map_key(), "password");
    parts.SetString(&entry, field.message_type()->map_value(), "hunter2");
  }
}

TEST(RedactTest, KnowsTheSecretsOfEveryMessageOfTheProtocol) {
  const auto& file = *::csi::v1::Volume::descriptor()->file();
  int redacted = 0;
  for (int i = 0; i < file.message_type_count(); ++i) {
    const Message& prototype =
        *google::protobuf::MessageFactory::generated_factory()->GetPrototype(file.message_type(i));
    const std::unique_ptr<Message> message(prototype.New());
    FillSecrets(*message);
    redacted += Redact(*message) == "secrets: (secret)" ? 1 : 0;
    EXPECT_THAT(Redact(*message), Not(HasSubstr("hunter2"))) << file.message_type(i)->name();
  }
  EXPECT_EQ(redacted, 22);
}

}  // namespace
}  // namespace nvmeof::csi
