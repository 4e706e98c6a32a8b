"""Each option and each field of the API's structures has a test that fails when it is ignored.

Ignored is: every place of the component that reads it has its default instead. An option or a field
that is new has to be entered here.
"""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pytest_embedded_hotreload.faults import assert_caught
from scenarios.ignored import Ignored, field_ignored, fields, option_ignored, options

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Proof:
    """The test that notices; `values` where something else than the default takes the place.

    With `built` the build does not ignore it: without its help there is nothing to test.
    """

    test: str
    values: dict[str, str] = field(default_factory=dict)
    built: bool = False


SERVER = "test_server.py::test_"
ODD = "test_options.py::test_"

OPTIONS = {
    "HOTRELOAD_COMPONENT": Proof(
        "component/hotreload/tool_test/test_cmake_build.py"
        "::test_the_configuration_names_the_component"
    ),
    "HOTRELOAD_MAX_ELF_SIZE": Proof(f"{ODD}largest_module"),
    "HOTRELOAD_MAX_HOOKS": Proof(f"{ODD}number_of_hooks"),
    "HOTRELOAD_RECV_TIMEOUT_MS": Proof(f"{SERVER}silent_client_is_cut_off"),
    "HOTRELOAD_UPLOAD_TIMEOUT_MS": Proof(f"{SERVER}dripping_client_is_cut_off"),
    "HOTRELOAD_RELOAD_MODE_IMMEDIATE": Proof(
        f"{SERVER}update_that_waits_is_told_in_either_mode",
        {"HOTRELOAD_RELOAD_MODE_COOPERATIVE": "1"},
    ),
    "HOTRELOAD_RELOAD_MODE_COOPERATIVE": Proof(f"{SERVER}application_chooses_the_moment"),
    "HOTRELOAD_SERVER_STACK_SIZE": Proof(f"{ODD}stack_and_priority_of_the_server"),
    "HOTRELOAD_SERVER_PRIORITY": Proof(f"{ODD}stack_and_priority_of_the_server"),
    "HOTRELOAD_WEB_PAGE": Proof(
        "test_page.py::test_without_a_page_there_is_an_answer_for_programs"
    ),
    "HOTRELOAD_TRUSTED_ORIGIN": Proof(f"{ODD}page_that_is_trusted"),
    "HOTRELOAD_AUTH": Proof("test_auth.py::test_an_unsigned_request", built=True),
    "HOTRELOAD_BUILD_FLOOR": Proof("test_auth.py::test_a_module_that_somebody_wrote_to_flash"),
    "HOTRELOAD_NONCE_LIFETIME_MS": Proof("test_auth.py::test_a_request_that_was_kept_for_later"),
    "HOTRELOAD_UNLOAD_FIRST": Proof(
        "test_unload_first.py::test_order_of_a_replacement",
    ),
    "HOTRELOAD_UNLOAD_TIMEOUT_MS": Proof(
        "test_unload_first.py::test_task_that_stays_inside_keeps_the_old_module"
    ),
    "HOTRELOAD_HOLD_CALLERS": Proof(
        "test_handover.py::test_task_whose_loop_lies_in_the_module",
    ),
    "HOTRELOAD_HOLD_LIMIT_MS": Proof("test_handover.py::test_task_whose_loop_lies_in_the_module"),
    "HOTRELOAD_RETIRE_GRACE_MS": Proof(f"{ODD}grace_period"),
    "HOTRELOAD_RETIRE_GRACE_BYTES": Proof("test_grace.py::test_memory_that_is_needed_is_not_kept"),
    "HOTRELOAD_DESTRUCTOR_STACK_SIZE": Proof(f"{ODD}stack_of_the_task_for_destructors"),
    "HOTRELOAD_RETIRE_FILL": Proof(f"{ODD}freed_memory_is_left_as_it_was"),
    "HOTRELOAD_DATA_IN_PSRAM": Proof("test_memory.py::test_data_in_psram"),
    "HOTRELOAD_BOOT_GUARD": Proof(
        f"{ODD}starts_do_not_count_without_the_guard",
        {"HOTRELOAD_BOOT_GUARD": "1", "HOTRELOAD_TRIAL_STARTS": "3"},
    ),
    "HOTRELOAD_TRIAL_STARTS": Proof(f"{ODD}starts_before_a_module_yields"),
    "HOTRELOAD_CONFIRM_BY_APPLICATION": Proof(
        f"{ODD}time_confirms_nothing_where_the_application_does",
        {"HOTRELOAD_CONFIRM_BY_APPLICATION": "0", "HOTRELOAD_CONFIRM_MS": "10000"},
    ),
    "HOTRELOAD_CONFIRM_MS": Proof(f"{ODD}time_until_a_module_is_confirmed"),
    "HOTRELOAD_MESSAGES": Proof(f"{ODD}refusal_without_messages"),
    "HOTRELOAD_TRACE": Proof("test_hooks.py::test_trace_names_function_and_context"),
}
#: for which there is no such test, and why
OPTIONS_UNSEEN = {
    "HOTRELOAD_QEMU_IRAM": "a linker fragment, which only ESP-IDF's build reads",
}

GENERATED = {
    "symbol_table": "hotreload_symbol_table",
    "symbol_names": "hotreload_symbol_names",
    "symbol_count": "hotreload_symbol_count",
}
OF_A_LOAD = f"{ODD}partition_and_table_of_a_load"
OF_A_SERVER = f"{ODD}partition_and_table_of_a_server"
FIELDS = {
    "hotreload_config_t.partition_label": Proof(OF_A_LOAD, {"": '"hotreload"'}),
    **{
        f"hotreload_config_t.{name}": Proof(OF_A_LOAD, {"": value})
        for name, value in GENERATED.items()
    },
    "hotreload_server_config_t.port": Proof(
        "test_attached.py::test_server_starts_beside_another_one", {"": "0"}
    ),
    "hotreload_server_config_t.partition_label": Proof(OF_A_SERVER, {"": '"hotreload"'}),
    "hotreload_server_config_t.max_elf_size": Proof(OF_A_SERVER, {"": "0"}),
    **{
        f"hotreload_server_config_t.{name}": Proof(OF_A_SERVER, {"": value})
        for name, value in GENERATED.items()
    },
    "hotreload_server_config_t.ctrl_port": Proof(
        "test_attached.py::test_server_starts_beside_another_one", {"": "0"}
    ),
}


def fault_of(name: str) -> Ignored:
    if name in FIELDS:
        proof = FIELDS[name]
        return field_ignored(name, proof.values[""], node_of(proof))
    proof = OPTIONS[name]
    values = proof.values or {name: options(ROOT)[name].ignored}
    return option_ignored(name, values, node_of(proof), built=proof.built)


def node_of(proof: Proof) -> str:
    return proof.test if "/" in proof.test else f"scenarios/{proof.test}"


def test_every_option_and_field_is_here() -> None:
    """With what notices that it is ignored, which exists."""
    assert sorted([*OPTIONS, *OPTIONS_UNSEEN]) == sorted(options(ROOT))
    assert sorted(FIELDS) == sorted(fields(ROOT))
    for name, proof in {**OPTIONS, **FIELDS}.items():
        file, _, test = node_of(proof).partition("::")
        assert f"\ndef {test}(" in (ROOT / file).read_text(encoding="utf-8"), name


@pytest.mark.nightly
@pytest.mark.faults
@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", [*OPTIONS, *FIELDS])
def test_ignored_one_is_noticed(name: str, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    patch = fault_of(name).write_patch(ROOT, tmp_path)

    assert_caught(ROOT, str(patch), tmp_path, f"--lane={pytestconfig.option.lane}")
