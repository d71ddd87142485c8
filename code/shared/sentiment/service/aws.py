"""boto3 clients: credentials from the default chain, region and endpoint from the environment."""

from __future__ import annotations

import os
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from sentiment.errors import ConfigurationError


def make_client(kind: str, read_timeout_seconds: int) -> Any:
    """Return a client of ``dynamodb`` or ``sqs``; ``ConfigurationError`` when the environment names no region.

    boto3 itself reads ``AWS_DEFAULT_REGION`` only; ``AWS_REGION`` is what AWS's own containers set.
    """
    config = Config(
        connect_timeout=5,
        read_timeout=read_timeout_seconds,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=32,
        parameter_validation=False,  # a third of the cost of a batch, for what the types here rule out already
    )
    try:
        return boto3.client(kind, region_name=os.environ.get("AWS_REGION") or None, config=config)
    except (BotoCoreError, ValueError) as error:
        raise ConfigurationError(f"AWS is not set up ({error}); set e.g. AWS_REGION=eu-west-1") from None
