"""Tables to matplotlib Axes. `plot_*(…, ax=None) -> Axes`; nothing here calls `plt.show()`."""
