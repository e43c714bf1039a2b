#!/bin/sh
# 校验本文件夹；Checks this folder with stock tools. Exit 0: as sealed. Exit 1: something differs, named above.
cd -- "$(dirname -- "$0")" || exit 2
bad=0
sha256sum --strict --quiet -c SHA256SUMS || bad=1
if cksum -a sm3 </dev/null >/dev/null 2>&1; then cksum -a sm3 --strict --quiet -c SM3SUMS || bad=1
else echo "SM3: 本机没有 cksum -a sm3，未校验 / not checked, this system has no cksum -a sm3"; fi
listed=$({ cut -c67- SHA256SUMS; echo SHA256SUMS; } | LC_ALL=C sort)
found=$(find . ! -type d | cut -c3- | LC_ALL=C sort)
[ "$listed" = "$found" ] || { echo "文件与清单不符 / files differ from the list"; bad=1; }
echo "封存值 / seal (compare with the custody ledger): $(sha256sum < SHA256SUMS | cut -c-64)"
[ "$bad" = 0 ] && echo "一致 / OK" || echo "有改动 / CHANGED"
exit "$bad"
