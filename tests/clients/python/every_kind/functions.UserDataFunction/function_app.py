import fabric.functions as fn

udf = fn.UserDataFunctions()


@udf.function()
def hello(name: str) -> str:
    return f"Hello, {name}"
