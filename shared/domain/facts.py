"""What a fact is about."""

from shared.domain.messages import (
    FillStatus,
    OrderAccepted,
    OrderFilled,
    OrderInDoubt,
    OrderRejected,
    OrderReport,
    OrderUnsent,
    Payload,
)

OrderFact = OrderAccepted | OrderRejected | OrderInDoubt | OrderUnsent | OrderReport | FillStatus


def order_key_of(payload: Payload) -> str | None:
    """The order that a fact is about; None for facts about anything else."""
    if isinstance(payload, OrderFilled):
        return payload.fill.order_key
    return payload.order_key if isinstance(payload, OrderFact) else None
