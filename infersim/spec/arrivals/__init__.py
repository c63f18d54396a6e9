"""When requests arrive."""

from typing import Annotated

from pydantic import Field

from infersim.spec.arrivals.many import Client, Clients, Population, Sensors
from infersim.spec.arrivals.modulated import Hawkes, Mmpp, State
from infersim.spec.arrivals.renewal import AllAtOnce, ClosedLoop, Deterministic, Gamma, Poisson, Weibull
from infersim.spec.arrivals.varying import Piecewise, Sinusoidal, Spike, Step

OpenArrivals = (
    Poisson
    | Deterministic
    | Gamma
    | Weibull
    | Mmpp
    | Hawkes
    | Piecewise
    | Sinusoidal
    | Step
    | Spike
    | Clients
    | Population
    | Sensors
    | AllAtOnce
)
Arrivals = Annotated[OpenArrivals | ClosedLoop, Field(discriminator="kind")]

__all__ = [
    "AllAtOnce",
    "Arrivals",
    "Client",
    "Clients",
    "ClosedLoop",
    "Deterministic",
    "Gamma",
    "Hawkes",
    "Mmpp",
    "OpenArrivals",
    "Piecewise",
    "Poisson",
    "Population",
    "Sensors",
    "Sinusoidal",
    "Spike",
    "State",
    "Step",
    "Weibull",
]
