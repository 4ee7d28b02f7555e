from pyspark.sql import SparkSession

SparkSession.builder.getOrCreate().sql("OPTIMIZE lake.dbo.orders")
