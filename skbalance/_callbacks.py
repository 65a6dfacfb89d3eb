"""scikit-learn's callbacks, which are there from its release 1.9 on; before, tasks that nobody hears of."""

from __future__ import annotations

from contextlib import nullcontext

__all__ = ["CallbackSupportMixin", "IterationTasks", "with_callbacks"]

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class _NoContext:
        """Stands in for a task's context."""

        def subcontext(self, **settings):
            """Return the same, for there is nothing to tell tasks apart by."""
            return self

        def call_on_fit_task_begin(self, **told):
            """Tell nobody."""
            return self

        def call_on_fit_task_end(self, **told):
            """Tell nobody; nobody wants to stop."""
            return False

        def propagate_callback_context(self, sub_estimator):
            """Give the estimator nothing."""
            return nullcontext()

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Has no `set_callbacks`, as other estimators of this scikit-learn."""

        def _init_callback_context(self, **settings):
            return _NoContext()

    def with_callbacks(method):
        """Return the method as it is."""
        return method


class IterationTasks:
    """The iterations of a fit, as tasks of its callbacks.

    Parameters
    ----------
    context : CallbackContext
        Of the fit.
    estimator : estimator
        What is fitted.
    learner : estimator
        Has all that is needed to predict but `coefs_` and `intercepts_` already.
    **told
        X, y and metadata, for the callbacks.
    """

    def __init__(self, context, estimator, learner, **told):
        self._context, self._learner, self._told = context, learner, {"estimator": estimator, **told}
        context.call_on_fit_task_begin(**self._told)

    def begin(self):
        """Start an iteration."""
        self._iteration = self._context.subcontext(task_name="iteration")
        self._iteration.call_on_fit_task_begin(**self._told)

    def end(self, to_numpy) -> bool:
        """End it with what gives coefficients and intercepts; whether a callback wants to stop."""

        def attributes():
            coefs, intercepts = to_numpy()
            return {**vars(self._learner), "coefs_": coefs, "intercepts_": intercepts}

        return self._iteration.call_on_fit_task_end(**self._told, reconstruction_attributes=attributes)

    def end_all(self):
        """End the fit: the estimator has all that it needs to predict."""
        self._context.call_on_fit_task_end(**self._told, reconstruction_attributes={})
