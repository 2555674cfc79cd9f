package tuyatest

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
)

const (
	vectorID     = "p1234567890abcdefghi"
	vectorSecret = "0123456789abcdef0123456789abcdef"
	vectorPlain  = `{"bizCode":"devicePropertyMessage","bizData":{"dataId":"d-1","devId":"bf0000000000000001aaaa",` +
		`"productId":"pid1","properties":[{"code":"switch_1","dpId":1,"time":1700000000000,"value":true}]},"ts":1700000000001}`
	hubPassword = "ffffeeee0123456789abcdef11112222"
	hubPlain    = `{"devId":"bf0000000000000001aaaa","status":[{"code":"switch_1","value":true,"t":1700000000}]}`
)

func TestCryptVectors(t *testing.T) {
	for name, c := range map[string]struct{ want, got string }{
		"Pulsar's password": {"075b384d486c7cbe", PulsarPassword(vectorID, vectorSecret)},
		"Pulsar's key":      {"89abcdef01234567", string(keyOf(vectorSecret))},
		"Pulsar, GCM": {
			"AAECAwQFBgcICQoLiFSybHXZYoCAJKFhf37TQOsTaM8lMgWf3bdbJrJ3HVq2XCgkGDA5phWqaArRLlsFb6YUe/njQzkVqNo6ICATkOj96D5Q2/N9eBIN" +
				"kntyS7D9SpnSvgRT/fP3sd5ITryAY0kDenvdUFvcefNeqLvhzTnObw+LAbG6X9FutV4SNUGGyaAn76oqNN6GbMtN/LCEtIl2CAN5MLe8t5jnvgXcdqtG" +
				"AKdptYA54ufF3OXQQbkMn1OQ0BOiHQEHJm13IHqvRkjt5uuKvtArbhimQ4oj5V2TG5sFGooL++viHZXR2YjvhE4=",
			sealGCM(keyOf(vectorSecret), []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, []byte(vectorPlain)),
		},
		"Pulsar, ECB": {
			"diHWnEaEs7Atkn+BgHNJB9/PJ0rNa8nhl+QAMUK2OHoRFaFX/w4AKy0Djfrgpzm32i24maZ44YARHsQWGpZJcRk3Na4FbLlByg+e4dGPGZjzBhaCLOnd" +
				"DbN8LnS28rI+J/wTjNHCpzahraukzy5oRqwoeBZmts+xwzHsijZKls3F+p4ayLfwzyiKhAzwOkghe/0BGk1c8JdQiD/qh71I/jmqrC8DvnUnVvNqqFLP" +
				"I+Db1wXOubs3oNhWGBO0PcFXKOhp3iyqe1yQBD9fp/Pn5IGU/7LmLLt83ipSXL3cYMQ=",
			sealECB(keyOf(vectorSecret), []byte(vectorPlain)),
		},
		"Open-Hub 2.0": {
			"AAAADGRlZmdoaWprbG1ub4xNFsWCp9JbW+ErOQnwbSiHVmTkSMRzsmwnituKVpMJ6LyiO6VynYTAxZy6GcQ4Ab4vu57I0p6Tb7oh2lr5qwXKVaYRl2It" +
				"68TjyHujDwjMkbBb1jCN9Hb9/VmuxJqNe0trMj+peB3DXP0P2Sc=",
			sealGCM2(keyOf(hubPassword), []byte("defghijklmno"), []byte(hubPlain), "1700000000"),
		},
		"Open-Hub 1.0": {
			"aSy77zf3x4Kv33xf6cJHnHHRQ+BgI4Cv/a67LXRGeY9HFIWBXDyfgJ3JJY8vMiALbliPDnPx4ktOGcP/oeOwx6JQKYB5pw9UVLTaI2yIx783O6j4G2gW" +
				"0Phj85YzkO8/",
			sealECB(keyOf(hubPassword), []byte(hubPlain)),
		},
	} {
		if c.got != c.want {
			t.Errorf("%s: want %s, got %s", name, c.want, c.got)
		}
	}
}

// openECB and the others are what a receiver does, written without the sealing code.
func openECB(t *testing.T, key []byte, text string) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) == 0 || len(raw)%16 != 0 {
		t.Fatalf("no ECB: %v", err)
	}
	b, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(raw); i += 16 {
		b.Decrypt(raw[i:], raw[i:i+16])
	}
	return raw[:len(raw)-int(raw[len(raw)-1])]
}

func openGCM(t *testing.T, key []byte, text string, nonceLength int, aad string) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	if nonceLength == 0 {
		nonceLength = int(binary.BigEndian.Uint32(raw))
		raw = raw[4:]
	}
	b, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	g, err := cipher.NewGCM(b)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := g.Open(nil, raw[:nonceLength], raw[nonceLength:], []byte(aad))
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// The temporary key of a lock opens with the whole secret.
func TestTicketKey(t *testing.T) {
	raw, err := hex.DecodeString(ticketKey([]byte(AccessSecret), []byte("0123456789abcdef")))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(openECB(t, []byte(AccessSecret), base64.StdEncoding.EncodeToString(raw))); got != "0123456789abcdef" {
		t.Errorf("want the key back, got %q", got)
	}
}

func TestMessageSign(t *testing.T) {
	got := messageSign(map[string]any{"t": int64(1), "protocol": 4, "data": "x", "pv": "2.0"}, []byte("k"))
	if want := md5hex("data=x||protocol=4||pv=2.0||t=1||k"); got != want || strings.ToLower(got) != got {
		t.Errorf("want %s, got %s", want, got)
	}
}
