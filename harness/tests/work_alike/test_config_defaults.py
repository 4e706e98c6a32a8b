"""What a project gets that configures nothing: as much as in ESP-IDF v5.1."""

from pathlib import Path

import pytest

from .test_build_system import Project, make_project

pytestmark = pytest.mark.timeout(300)

COMPONENTS = "esp_eth esp_http_server esp_psram lwip mbedtls nvs_flash unity"
#: each one as ESP-IDF's Kconfig files have it; those that differ on purpose are in the README
DEFAULTS = {
    "COMPILER_OPTIMIZATION_DEFAULT": True,
    "COMPILER_OPTIMIZATION_ASSERTIONS_ENABLE": True,
    "ESP_MAIN_TASK_STACK_SIZE": 3584,
    "ESP_SYSTEM_EVENT_QUEUE_SIZE": 32,
    "ESP_SYSTEM_EVENT_TASK_STACK_SIZE": 2304,
    "ETH_USE_OPENETH": False,
    "FREERTOS_HZ": 100,
    "FREERTOS_USE_TRACE_FACILITY": False,
    "HTTPD_MAX_REQ_HDR_LEN": 512,
    "HTTPD_MAX_URI_LEN": 512,
    "LOG_DEFAULT_LEVEL": 3,
    "LWIP_LOCAL_HOSTNAME": "espressif",
    "LWIP_MAX_SOCKETS": 10,
    "LWIP_SO_REUSE": True,
    "LWIP_TCP_MSS": 1440,
    "LWIP_UDP_RECVMBOX_SIZE": 6,
    "PARTITION_TABLE_OFFSET": 0x8000,
    "PARTITION_TABLE_SINGLE_APP": True,
}
OPENETH = {"ETH_OPENETH_DMA_RX_BUFFER_NUM": 4, "ETH_OPENETH_DMA_TX_BUFFER_NUM": 1}


def configure(tmp_path: Path, defaults: str = "") -> Project:
    main = f'idf_component_register(SRCS "main.c" REQUIRES {COMPONENTS})'
    project = make_project(tmp_path / "plain", tmp_path / "build", main=main)
    project.write("sdkconfig.defaults", defaults)
    project.configure()
    return project


def test_defaults(tmp_path: Path) -> None:
    options = configure(tmp_path).json("config/sdkconfig.json")
    assert {name: options.get(name, "is missing") for name in DEFAULTS} == DEFAULTS


def test_defaults_of_open_ethernet(tmp_path: Path) -> None:
    options = configure(tmp_path, "CONFIG_ETH_USE_OPENETH=y\n").json("config/sdkconfig.json")
    assert {name: options.get(name, "is missing") for name in OPENETH} == OPENETH
