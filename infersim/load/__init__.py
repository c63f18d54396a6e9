"""From what people write to specs: scenarios with file:line:column errors, `--set` overrides, profiles by name."""

from infersim.load.base import Base, read_base
from infersim.load.canonical import canonical_hash, dump_scenario, to_yaml
from infersim.load.loaded import Loaded, Overrides, as_loaded, from_mapping, from_scenario, load_scenario
from infersim.load.profiles import config_path, list_profiles, load_profile, overlay, profile_hash, profiles_root
from infersim.load.schema import json_schema

__all__ = [
    "Base",
    "Loaded",
    "Overrides",
    "as_loaded",
    "canonical_hash",
    "config_path",
    "dump_scenario",
    "from_mapping",
    "from_scenario",
    "json_schema",
    "list_profiles",
    "load_profile",
    "load_scenario",
    "overlay",
    "profile_hash",
    "profiles_root",
    "read_base",
    "to_yaml",
]
