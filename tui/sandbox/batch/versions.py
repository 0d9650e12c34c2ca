"""The versions of the Batch service's API: one that was published is spoken, whatever its age; any other is refused.

The list is that of the folders of Azure/azure-rest-api-specs (specification/batch/data-plane), and the two versions
before it that clients still recorded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tui.sandbox.batch.errors import ServiceError, invalid_query

API_VERSIONS = frozenset(
    {
        *("2015-06-01.2.0", "2015-11-01.2.1", "2015-12-01.2.2", "2016-02-01.3.0", "2016-07-01.3.1", "2017-01-01.4.0"),
        *("2017-05-01.5.0", "2017-06-01.5.1", "2017-09-01.6.0", "2018-03-01.6.1", "2018-08-01.7.0", "2018-12-01.8.0"),
        *("2019-06-01.9.0", "2019-08-01.10.0", "2020-03-01.11.0", "2020-09-01.12.0", "2021-06-01.14.0"),
        *("2022-01-01.15.0", "2022-10-01.16.0", "2023-05-01.17.0", "2023-11-01.18.0", "2024-02-01.19.0"),
        *("2024-07-01.20.0", "2025-06-01"),
    }
)
_PARAMETER = "api-version"
_FORM = re.compile(r"\d{4}-\d{2}-\d{2}(\.\d{1,4}\.\d{1,4})?", re.ASCII)
_SHOWN_CHARACTERS = 64


def check_api_version(query: Mapping[str, str]) -> None:
    """Raise what the service answers to a version that is missing, malformed or unknown."""
    version = query.get(_PARAMETER)
    if version in API_VERSIONS:
        return
    if version is None:
        raise ServiceError("MissingRequiredQueryParameter", [("QueryParameterName", _PARAMETER)])
    shown = version[:_SHOWN_CHARACTERS]
    if not _FORM.fullmatch(version):
        raise invalid_query(_PARAMETER, shown, "A version is a date, followed in older ones by two numbers.")
    raise ServiceError(
        "UnsupportedRequestVersion", [("QueryParameterName", _PARAMETER), ("QueryParameterValue", shown)]
    )
