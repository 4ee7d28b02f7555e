from airflow.decorators import dag, task


@dag(schedule=None)
def flow():
    @task
    def hello():
        return "Hello"

    hello()


flow()
