"""Mixin of classifiers with a loss: its parameters, its box in the HTML display, and the fitted loss."""

from ._validation import DocLinkMixin, VisualBlock
from .losses import BaseLoss, get_loss, get_loss_names, loss_from_state, loss_to_state


class LossBoxMixin(DocLinkMixin):
    """Display the loss and its parameters, set them, and keep the fitted loss."""

    loss: str | BaseLoss

    def _sk_visual_block_(self):
        # Fitted, the loss that was trained: what it took from the data is in it.
        loss = getattr(self, "loss_", self.loss)
        if isinstance(loss, str) and loss in get_loss_names():
            loss = get_loss(loss)
        if not isinstance(loss, BaseLoss):  # displayed as it is; fit will tell what is wrong with it
            return VisualBlock("single", self, names=type(self).__name__, name_details=str(self))
        return VisualBlock("parallel", [loss], names=[f"loss: {type(loss).__name__}"], name_details=[str(loss)])

    def set_params(self, **params):
        """Set the parameters of the classifier, and of its loss where that is an object.

        Parameters
        ----------
        **params : dict
            Parameters; those of the loss as ``loss__name``.

        Returns
        -------
        self : estimator instance
            The classifier itself.

        Raises
        ------
        ValueError
            If a parameter is unknown, or is one of a loss that is given by its name.
        """
        nested = [name for name in params if name.startswith("loss__")]
        loss = params.get("loss", self.loss)
        if nested and isinstance(loss, str):
            example = type(get_loss(loss)).__name__ if loss in get_loss_names() else "FocalLoss"
            raise ValueError(
                f"{nested[0]!r} cannot be set while loss={loss!r} is a string: pass a loss object, "
                f"loss={example}(), and set its parameters."
            )
        return super().set_params(**params)  # type: ignore[misc]

    @property
    def loss_(self):
        """The loss that was trained, its ``"auto"`` parameters resolved."""
        if "_fitted_loss" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} has no loss_ before it is fitted.")
        return loss_from_state(self._fitted_loss)

    def _keep_loss(self, loss):
        """Keep the loss that was trained; as plain values, so that a pickle or a skops file holds no type of it."""
        self._fitted_loss = loss_to_state(loss)
