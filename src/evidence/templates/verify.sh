#!/bin/sh
# 校验解包后的证据包；checks an unpacked package with stock tools. Exit 0: as sealed. 1: something differs, named above.
cd -- "$(dirname -- "$0")/.." || exit 2
bad=0
sha256sum --strict --quiet -c SHA256SUMS || bad=1
if cksum -a sm3 </dev/null >/dev/null 2>&1; then cksum -a sm3 --strict --quiet -c SM3SUMS || bad=1
else echo "SM3: 本机没有 cksum -a sm3，未校验 / not checked, this system has no cksum -a sm3"; fi
openssl pkeyutl -verify -rawin -in SHA256SUMS -sigfile signature/SHA256SUMS.sig -pubin -inkey signature/public-key.pem || bad=1
grep -q "\"hash\": \"sha256:$(sha256sum < datapackage.json | cut -c-64)\"" datapackage-digest.json || { echo "datapackage.json: FAILED"; bad=1; }
grep -q "\"hash\": \"sha256:$(sha256sum < SHA256SUMS | cut -c-64)\"" datapackage.json || { echo "SHA256SUMS: FAILED"; bad=1; }
listed=$({ cut -c67- SHA256SUMS; printf '%s\n' SHA256SUMS signature/SHA256SUMS.sig datapackage.json datapackage-digest.json; } | LC_ALL=C sort)
found=$(find . ! -type d | cut -c3- | LC_ALL=C sort)
[ "$listed" = "$found" ] || { echo "文件与清单不符 / files differ from the list"; bad=1; }
echo "公钥指纹 / fingerprint of the key: $(openssl pkey -pubin -in signature/public-key.pem -outform DER | sha256sum | cut -c-64)"
[ "$bad" = 0 ] && echo "一致 / OK" || echo "有改动 / CHANGED"
exit "$bad"
