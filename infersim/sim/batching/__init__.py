"""Batching policies: who runs in the next step. One file a policy, all behind `policy.Policy`."""
