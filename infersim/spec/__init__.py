"""Plain data: frozen pydantic specs of scenarios and profiles, without behaviour."""
