# The commands of daily work. Each installs first what the machine lacks (scripts/setup), which takes
# no time when nothing is missing. Build folders are build/PRESET (CMakePresets.json).

.DEFAULT_GOAL := release
.PHONY: release demo test bench e2e image check format setup help

release: setup-build ## build what users run: build/release/nvmeof-csi (the default)
	cmake --preset release
	cmake --build --preset release --target nvmeof-csi

demo: setup ## the life of a volume on a real kernel, step by step
	cmake --preset release
	cmake --build --preset release --target nvmeof-csi demo
	tests/vm/guest --deadline 300 --results build/release/vm/demo build/release/tests/vm/demo

test: setup ## unit tests under sanitizers, all suites on real kernels, csi-sanity
	scripts/test

bench: setup ## measure against the bare kernel, and print the tables
	scripts/bench

e2e: ## the chart in a real Kubernetes with a real kubelet, containerd and kernel; as root
	e2e/run

image: ## the container image, build/image/nvmeof-csi.tar, without a Docker engine; as root
	@scripts/setup image
	scripts/image

check: setup ## format, shellcheck, layering, both compilers, clang-tidy
	scripts/check

format: setup ## format all sources
	scripts/format

setup: ## install what this machine lacks
	@scripts/setup

.PHONY: setup-build
setup-build:
	@scripts/setup build

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 18
