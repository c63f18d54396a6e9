"""Fit of the compact operator forms to measured kernel tables: `python -m infersim.calibrate KERNEL_DIR --device NAME`.

The tables themselves stay where they are; a profile holds the fitted numbers, the range they cover and their error on
a fifth of the points that the fit did not see.
"""
