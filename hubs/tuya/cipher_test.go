package tuya

import (
	"crypto/aes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"
)

// Published forms, encrypted with another program.
const (
	vectorPlain = `{"bizCode":"devicePropertyMessage","bizData":{"dataId":"d-1","devId":"bf0000000000000001aaaa","productId":"pid1","properties":[{"code":"switch_1","dpId":1,"time":1700000000000,"value":true}]},"ts":1700000000001}`
	vectorGCM   = "AAECAwQFBgcICQoLiFSybHXZYoCAJKFhf37TQOsTaM8lMgWf3bdbJrJ3HVq2XCgkGDA5phWqaArRLlsFb6YUe/njQzkVqNo6ICATkOj96D5Q2/N9eBINkntyS7D9SpnSvgRT/fP3sd5ITryAY0kDenvdUFvcefNeqLvhzTnObw+LAbG6X9FutV4SNUGGyaAn76oqNN6GbMtN/LCEtIl2CAN5MLe8t5jnvgXcdqtGAKdptYA54ufF3OXQQbkMn1OQ0BOiHQEHJm13IHqvRkjt5uuKvtArbhimQ4oj5V2TG5sFGooL++viHZXR2YjvhE4="
	vectorECB   = "diHWnEaEs7Atkn+BgHNJB9/PJ0rNa8nhl+QAMUK2OHoRFaFX/w4AKy0Djfrgpzm32i24maZ44YARHsQWGpZJcRk3Na4FbLlByg+e4dGPGZjzBhaCLOndDbN8LnS28rI+J/wTjNHCpzahraukzy5oRqwoeBZmts+xwzHsijZKls3F+p4ayLfwzyiKhAzwOkghe/0BGk1c8JdQiD/qh71I/jmqrC8DvnUnVvNqqFLPI+Db1wXOubs3oNhWGBO0PcFXKOhp3iyqe1yQBD9fp/Pn5IGU/7LmLLt83ipSXL3cYMQ="

	mqttPassword = "ffffeeee0123456789abcdef11112222"
	mqttPlain    = `{"devId":"bf0000000000000001aaaa","status":[{"code":"switch_1","value":true,"t":1700000000}]}`
	mqttV2       = "AAAADGRlZmdoaWprbG1ub4xNFsWCp9JbW+ErOQnwbSiHVmTkSMRzsmwnituKVpMJ6LyiO6VynYTAxZy6GcQ4Ab4vu57I0p6Tb7oh2lr5qwXKVaYRl2It68TjyHujDwjMkbBb1jCN9Hb9/VmuxJqNe0trMj+peB3DXP0P2Sc="
	mqttV1       = "aSy77zf3x4Kv33xf6cJHnHHRQ+BgI4Cv/a67LXRGeY9HFIWBXDyfgJ3JJY8vMiALbliPDnPx4ktOGcP/oeOwx6JQKYB5pw9UVLTaI2yIx783O6j4G2gW0Phj85YzkO8/"
)

func key(t *testing.T, secret string) []byte {
	t.Helper()
	k, err := pushKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestOpenPulsar(t *testing.T) {
	flipped := []byte(vectorGCM)
	flipped[40] = 'A' + (flipped[40]-'A'+1)%26
	for name, c := range map[string]struct {
		data, em, secret string
		want             string
		err              error
	}{
		"GCM":                      {vectorGCM, "aes_gcm", ownSecret, vectorPlain, nil},
		"ECB":                      {vectorECB, "", ownSecret, vectorPlain, nil},
		"ECB, other word":          {vectorECB, "aes_ecb", ownSecret, vectorPlain, nil},
		"GCM, nobody says so":      {vectorGCM, "", ownSecret, vectorPlain, nil},
		"GCM, another key":         {vectorGCM, "aes_gcm", pubSecret, "", errSealed},
		"GCM, a bit is wrong":      {string(flipped), "aes_gcm", ownSecret, "", errSealed},
		"GCM, too short":           {"AAECAw==", "aes_gcm", ownSecret, "", errLength},
		"ECB, half a block":        {"AAECAw==", "", ownSecret, "", errLength},
		"nothing":                  {"", "", ownSecret, "", errLength},
		"no base64":                {"{}", "aes_gcm", ownSecret, "", errBase64},
		"ECB of zeros: no padding": {base64.StdEncoding.EncodeToString(make([]byte, aes.BlockSize)), "", ownSecret, "", errSealed},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := openPulsar(c.data, c.em, key(t, c.secret))
			if string(got) != c.want || !errors.Is(err, c.err) {
				t.Errorf("want %q and %v, got %q and %v", c.want, c.err, got, err)
			}
		})
	}
}

func TestOpenMQTT(t *testing.T) {
	for name, c := range map[string]struct {
		data, millis, want string
		err                error
	}{
		"2.0":                  {mqttV2, "1700000000", mqttPlain, nil},
		"2.0, another time":    {mqttV2, "1700000001", "", errLength},
		"1.0":                  {mqttV1, "1700000000", mqttPlain, nil},
		"nonce of absurd size": {base64.StdEncoding.EncodeToString([]byte{0xff, 0xff, 0xff, 0xff, 1, 2, 3}), "1", "", errLength},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := openMQTT(c.data, c.millis, key(t, mqttPassword))
			if string(got) != c.want || !errors.Is(err, c.err) {
				t.Errorf("want %q and %v, got %q and %v", c.want, c.err, got, err)
			}
		})
	}
}

func TestPushPassword(t *testing.T) {
	if got, want := pushPassword(ownID, ownSecret), "075b384d486c7cbe"; got != want {
		t.Errorf("want %s, got %s", want, got)
	}
	if _, err := pushKey("short"); !errors.Is(err, errKey) {
		t.Errorf("a short secret: want errKey, got %v", err)
	}
}

func TestReadFrames(t *testing.T) {
	frameOf := func(data, em string) *frame {
		payload, err := json.Marshal(map[string]any{"protocol": 1000, "pv": "2.0", "t": 1700000000001, "data": data, "sign": "x"})
		if err != nil {
			t.Fatal(err)
		}
		var f frame
		raw, err := json.Marshal(map[string]any{
			"messageId": "CAAQAw==", "payload": base64.StdEncoding.EncodeToString(payload), "properties": map[string]string{"em": em},
		})
		if err == nil {
			err = json.Unmarshal(raw, &f)
		}
		if err != nil {
			t.Fatal(err)
		}
		return &f
	}
	for name, f := range map[string]*frame{"GCM": frameOf(vectorGCM, "aes_gcm"), "ECB": frameOf(vectorECB, "")} {
		n, err := readFrame(f, ownSecret)
		if err != nil || n.device != "bf0000000000000001aaaa" || len(n.points) != 1 || n.points[0].DP != 1 {
			t.Errorf("%s: got %+v and %v", name, n, err)
		}
	}
	n, err := readMQTT([]byte(`{"protocol":4,"pv":"2.0","data":"`+mqttV2+`","t":1700000000,"sign":"x"}`), key(t, mqttPassword))
	if err != nil || n.device != "bf0000000000000001aaaa" || n.points[0].At.Unix() != 1700000000 {
		t.Errorf("MQTT: got %+v and %v", n, err)
	}
}

func FuzzReadFrame(f *testing.F) {
	payload := base64.StdEncoding.EncodeToString([]byte(`{"data":"` + vectorECB + `","t":1}`))
	f.Add(`{"messageId":"1","payload":"`+payload+`","properties":{}}`, ownSecret)
	f.Add(`{"messageId":"1","payload":"e30=","properties":{"em":"aes_gcm"}}`, "")
	f.Add(`[]`, "x")
	f.Fuzz(func(t *testing.T, raw, secret string) {
		var in frame
		if json.Unmarshal([]byte(raw), &in) != nil {
			return
		}
		if n, err := readFrame(&in, secret); err == nil && n.deed == reports && n.device == "" {
			t.Error("a report of no device")
		}
	})
}

func FuzzReadMQTT(f *testing.F) {
	f.Add([]byte(`{"data":"`+mqttV2+`","t":1700000000}`), mqttPassword)
	f.Add([]byte(`{"data":"`+mqttV1+`","t":"1700000000"}`), mqttPassword)
	f.Add([]byte(`{"data":7}`), mqttPassword)
	f.Fuzz(func(t *testing.T, raw []byte, password string) {
		k, err := pushKey(password)
		if err != nil {
			return
		}
		if n, err := readMQTT(raw, k); err == nil && n.deed == reports && n.device == "" {
			t.Error("a report of no device")
		}
	})
}
