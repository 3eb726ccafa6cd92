# The version of the Java that Spark would use.
main() {
  "${JAVA_HOME:+$JAVA_HOME/bin/}java" -version </dev/null 2>&1
  say done $?
}
