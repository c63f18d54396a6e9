"""Tables to numbers: latencies, goodput, utilisation, timelines. Pure functions of columns."""
