"""What a pool costs over a span, by the hour of its devices."""

from __future__ import annotations

from typing import Any

from infersim.spec.fleet import Purchase


def bill(purchase: Purchase, devices: int, span_s: float, requests: int, output_tokens: float) -> dict[str, Any] | None:
    """Cost over a span, per request and per million output tokens [USD].

    Args:
        purchase: the price of one device for an hour, and its source; without a price None, since none is invented.
        devices: devices held over the span.
        span_s: the span that throughput is taken over [s].
        requests: requests completed in the span.
        output_tokens: tokens produced in the span.
    """
    price = purchase.price_usd_per_h
    if price is None:
        return None
    total = price * devices * span_s / 3600.0
    return {
        "usd_total": total,
        "usd_per_request": total / requests if requests else None,
        "usd_per_million_output_tokens": total / output_tokens * 1e6 if output_tokens else None,
        "price_usd_per_h": price,
        "price_source": purchase.source,
    }
