# The version of Spark.
main() {
  export LC_ALL=C.UTF-8
  "$spark_submit" --version </dev/null 2>&1
  say done $?
}
