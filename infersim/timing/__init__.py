"""From a batch to seconds, FLOPs and bytes: operator forms, device curves, and the models built of them."""
