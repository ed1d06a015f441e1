"""What a failure is called in the log and on the screen."""

import sqlalchemy as sa

from hub_connectors.errors import ConnectorError


def sentence(error: Exception) -> str:
    """A database's own message without the statement: its parameters are the department's data."""
    match error:
        case ConnectorError():
            return str(error)
        case sa.exc.DBAPIError():
            return f"部门数据库出错，未写入任何内容：{error.orig}"
        case sa.exc.SQLAlchemyError():
            return f"部门数据库出错，未写入任何内容：{type(error).__name__}"
        case OSError():
            return f"文件无法写入，未替换原有文件：{error}"
        case _:
            return f"程序内部错误 {type(error).__name__}，未写入任何内容。"
