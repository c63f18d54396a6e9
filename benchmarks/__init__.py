"""How fast infersim is: ratios against bare SimPy in the same process, and start-up times.

Run by `python -m benchmarks`. Ratios, since seconds of one machine say nothing about another.
"""
