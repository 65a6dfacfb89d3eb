"""The HTML display of a classifier: its loss is a box of its own."""

from ._validation import DocLinkMixin, VisualBlock
from .losses import get_loss

__all__ = ["LossBoxMixin"]


class LossBoxMixin(DocLinkMixin):
    """Shows the loss with its parameters in the HTML display, also where it is given by its name."""

    def _sk_visual_block_(self):
        # Fitted, the loss that was trained: what it took from the data is in it.
        loss = getattr(self, "loss_", None) or get_loss(self.loss)
        return VisualBlock("parallel", [loss], names=[f"loss: {type(loss).__name__}"], name_details=[str(loss)])
