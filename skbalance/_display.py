"""The HTML display of a classifier: its loss is a box of its own."""

from ._validation import DocLinkMixin, VisualBlock
from .losses import BaseLoss, get_loss, get_loss_names

__all__ = ["LossBoxMixin"]


class LossBoxMixin(DocLinkMixin):
    """Shows the loss with its parameters in the HTML display, also where it is given by its name."""

    loss: str | BaseLoss

    def _sk_visual_block_(self):
        # Fitted, the loss that was trained: what it took from the data is in it.
        loss = getattr(self, "loss_", self.loss)
        if isinstance(loss, str) and loss in get_loss_names():
            loss = get_loss(loss)
        if not isinstance(loss, BaseLoss):  # displayed as it is; fit will tell what is wrong with it
            return VisualBlock("single", self, names=type(self).__name__, name_details=str(self))
        return VisualBlock("parallel", [loss], names=[f"loss: {type(loss).__name__}"], name_details=[str(loss)])
