"""The simulation proper: clock, replicas, router, clients. The only package that imports simpy."""
