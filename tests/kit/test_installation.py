import pytest

from hub.kit.installation import DatabaseAddress
from hub.kit.postgres import ADMIN, APP, PostgresError, PostgresServer


class TestCheckApplicationRole:
    def test_refuses_a_role_that_row_level_security_does_not_bind(self, postgres: PostgresServer) -> None:
        url = postgres.url(role=ADMIN)
        with pytest.raises(PostgresError, match=ADMIN):
            DatabaseAddress(url, url, ADMIN).check_application_role()

    def test_takes_the_serving_role(self, postgres: PostgresServer) -> None:
        DatabaseAddress(postgres.url(role=APP), "", APP).check_application_role()
