#!/usr/bin/env bash
# readme.sh: takes README's support table, between its two marks, from docs/support.md.
set -euo pipefail
cd "$(dirname "$0")/../.."
awk -F ' *[|] *' '
  FNR == NR {
    if ($0 ~ /^\| [a-z0-9]+-/ && $0 !~ /^\| (possible-|jdk-|[a-z0-9]+-[0-9]+-cpus)/) {
      what = $7 == "NONE" ? "fallback" : "rseq, owner " $7 ", index " $8
      own = $12 == "NONE" ? "fallback" : "owner " $12
      table = table "| " $3 " | " $4 " | " $5 " | " what " | " own " | " $14 " |\n"
    }
    next
  }
  /<!-- support -->/ {
    print
    print "| kernel | libc | architecture | as it is | where libc does not register | kernel tests |"
    print "|---|---|---|---|---|---|"
    printf "%s", table
    skip = 1
  }
  /<!-- end of support -->/ { skip = 0 }
  !skip { print }
' docs/support.md README.md > README.md.new
mv README.md.new README.md
