# Roadpulse: all commands set up what they need, and a second call is fast. `make help` lists them.
SHELL := /bin/bash
PYTHON := build/venv/bin/python
export PYTHONPATH := $(CURDIR)/build/plugins
export QGIS_PLUGINPATH := $(CURDIR)/build/plugins
export PYTHONDONTWRITEBYTECODE := 1
export XDG_RUNTIME_DIR ?= $(shell mkdir -p -m 700 $(CURDIR)/build/runtime && echo $(CURDIR)/build/runtime)
ROOMS := aggregation cluster_client mapping workflow democity algorithms ui
SHIPPED := $(ROOMS) __init__.py plugin.py
TESTS ?= tests
DEMO ?= build/demo
TRIPS ?= 3000
SPARK ?= 4
LIVY ?= 0.7.1

.DEFAULT_GOAL := help
.PHONY: help setup demo run test test-long check check-types check-files check-qt6 check-security check-secrets cluster cluster-stop bench docs translations package env clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what development needs (QGIS, PostGIS, Xvfb, a Python environment)
	@development/setup.sh

demo: setup ## a generated city from trips to map: CSVs, GeoPackage, project, PNG, PDF, GIF
	@QT_QPA_PLATFORM=offscreen QGIS_CUSTOM_CONFIG_PATH=$(CURDIR)/build/demo-settings $(PYTHON) development/demo.py $(DEMO) --trips $(TRIPS)

run: setup demo ## open QGIS with the plugin and the demo
	@$(PYTHON) development/run_qgis.py $(DEMO)

check: setup ## ruff, small hooks, mypy, what Qt 6 refuses, bandit, detect-secrets
	@build/venv/bin/ruff check .
	@build/venv/bin/ruff format --check -q . || { echo "run: build/venv/bin/ruff format ."; exit 1; }
	@$(MAKE) --no-print-directory -j 2 --output-sync=target check-types check-files check-qt6 check-security check-secrets

check-types:
	@MYPYPATH=build/plugins build/venv/bin/mypy $(foreach room,$(ROOMS),-p roadpulse.$(room)) -m roadpulse -m roadpulse.plugin

check-files:
	@SKIP=check,ruff-check,ruff-format build/venv/bin/pre-commit run --all-files >build/hooks.log || { cat build/hooks.log; exit 1; }

check-qt6:
	@$(PYTHON) development/qt6_check.py

check-security:
	@build/venv/bin/bandit -q -r $(SHIPPED) 2>build/bandit.log || { cat build/bandit.log; exit 1; }

check-secrets:
	@git ls-files -z -- $(SHIPPED) resources | xargs -0 -n 120 build/venv/bin/detect-secrets-hook

test: check ## all checks and tests but the long ones (TESTS=tests/unit for some)
	@development/test.sh $(TESTS)

test-long: setup ## the long tests: the same on other ways and versions, guides to the letter
	@development/test.sh long

cluster: setup ## start the stand-in cluster; prints profile files (SPARK=3.5|4 LIVY=0.7.1|0.9.0 TLS=1 LDAP=1)
	@$(PYTHON) development/cluster.py start --spark $(SPARK) --livy $(LIVY) $(if $(TLS),--tls) $(if $(LDAP),--ldap)

cluster-stop: ## end what `make cluster` started
	@$(PYTHON) development/cluster.py stop

bench: setup ## performance, as ratios measured side by side
	@$(PYTHON) -m benchmarks

docs: setup ## write docs/reference from the algorithms and the statistics
	@QGIS_CUSTOM_CONFIG_PATH=$(CURDIR)/build/qgis-settings $(PYTHON) development/reference.py

translations: setup ## bring resources/translations up to the texts in the code (needs Qt's lrelease)
	@$(PYTHON) development/translations.py

package: setup ## build/roadpulse-<version>.zip, ready to install
	@$(PYTHON) development/package.py

env: ## print the exports with which qgis, qgis_process and python3 see the plugin
	@development/setup.sh >&2
	@echo "export QGIS_PLUGINPATH=$(CURDIR)/build/plugins"
	@echo "export PYTHONPATH=$(CURDIR)/build/plugins:$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

clean: ## end what `make cluster` started, and remove everything that was built
	@[ ! -d build/cluster ] || [ ! -x $(PYTHON) ] || $(PYTHON) development/cluster.py stop
	@rm -rf build
	@find . -name __pycache__ -prune -exec rm -rf {} +
