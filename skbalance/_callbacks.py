"""scikit-learn's callbacks, and stand-ins for them before its release 1.9."""

from contextlib import nullcontext

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class _NoContext:
        """Stands in for a task's context."""

        def subcontext(self, **settings):
            """Return the same context."""
            return self

        def call_on_fit_task_begin(self, **told):
            """Ignore the beginning of a task."""
            return self

        def call_on_fit_task_end(self, **told):
            """Ignore the end of a task; False means that the fit goes on."""
            return False

        def propagate_callback_context(self, sub_estimator):
            """Return a context that does nothing."""
            return nullcontext()

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Mixin without `set_callbacks`, which this scikit-learn does not have."""

        def _init_callback_context(self, **settings):
            return _NoContext()

    def with_callbacks(method):
        """Return the method as it is."""
        return method


class IterationTasks:
    """The iterations of a fit, reported to its callbacks as tasks.

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
        """End an iteration, with what gives its coefficients and intercepts; return whether a callback asks to stop."""

        def attributes():
            coefs, intercepts = to_numpy()
            return {**vars(self._learner), "coefs_": coefs, "intercepts_": intercepts}

        return self._iteration.call_on_fit_task_end(**self._told, reconstruction_attributes=attributes)

    def end_all(self):
        """End the fit, when the estimator can predict."""
        self._context.call_on_fit_task_end(**self._told, reconstruction_attributes={})
