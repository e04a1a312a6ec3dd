"""What Lambda tells a function of its run, as much as is used of it."""

from aws_lambda_powertools.utilities.typing import LambdaContext


def context(seconds: float = 60.0) -> LambdaContext:
    """A run with so many seconds left."""

    class Context(LambdaContext):
        @staticmethod
        def get_remaining_time_in_millis() -> int:
            return int(seconds * 1000)

    made = Context()
    made._function_name = "test"
    made._memory_limit_in_mb = 512
    made._invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:test"
    made._aws_request_id = "request"
    return made
