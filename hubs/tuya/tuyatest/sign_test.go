package tuyatest

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i+1 < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestSignVectors(t *testing.T) {
	const (
		vendorID     = "1KAD46OrT9HafiKdsXeg"
		vendorSecret = "4OHBOnWOqaEC1mWXOpVL3yV50s0qGSRC"
		vendorToken  = "3f4eda2bdec17232f67c0b188af3eec1"
		ownID        = "p1234567890abcdefghi"
		ownSecret    = "0123456789abcdef0123456789abcdef"
		ownToken     = "aaaabbbbccccddddeeeeffff00001111"
	)
	vendorHeader := headers(
		"t", "1588925778000", "nonce", "5138cc3a9033d69856923fd07b491173", "Signature-Headers", "area_id:call_id",
		"area_id", "29a33e8796834b1efa6", "call_id", "8afdb70ab2ed11eb85290242ac130003",
	)
	bare := headers("t", "1588925778000")
	own := headers("t", "1700000000000", "nonce", "9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d")
	ownBare := headers("t", "1700000000000")
	for name, c := range map[string]struct {
		id, secret, token string
		header            http.Header
		method, target    string
		body              string
		want              string
	}{
		"A token with signed headers": {
			vendorID, vendorSecret, "", vendorHeader, "GET", "/v1.0/token?grant_type=1", "",
			"9E48A3E93B302EEECC803C7241985D0A34EB944F40FB573C7B5C2A82158AF13E",
		},
		"B business with signed headers": {
			vendorID, vendorSecret, vendorToken, vendorHeader, "GET", "/v2.0/apps/schema/users?page_no=1&page_size=50", "",
			"AE4481C692AA80B25F3A7E12C3A5FD9BBF6251539DD78E565A1A72A508A88784",
		},
		"B with the query the other way round": {
			vendorID, vendorSecret, vendorToken, vendorHeader, "GET", "/v2.0/apps/schema/users?page_size=50&page_no=1", "",
			"AE4481C692AA80B25F3A7E12C3A5FD9BBF6251539DD78E565A1A72A508A88784",
		},
		"C command": {
			vendorID, vendorSecret, vendorToken, bare, "POST", "/v1.0/devices/bf2c1e00ab0f12face/commands",
			`{"commands":[{"code":"switch_led","value":false}]}`,
			"F27DD95A15E84C954DB2ED016096D517681FE79853B6CDAD446927352691804E",
		},
		"D token without nonce": {
			ownID, ownSecret, "", ownBare, "GET", "/v1.0/token?grant_type=1", "",
			"2F1B0B7F5E01525142CA8561751182372F54A7D94728CC39E058D8E3D857CBA1",
		},
		"E refresh": {
			ownID, ownSecret, "", own, "GET", "/v1.0/token/22223333444455556666777788889999", "",
			"16F9557FEDA6CDB0D262CBADDE233336E24FBA699C37036F7C2BE711FF4FE346",
		},
		"F commas in the query": {
			ownID, ownSecret, ownToken, own, "GET",
			"/v1.0/iot-03/devices/status?device_ids=bf0000000000000001aaaa,bf0000000000000002bbbb", "",
			"2534937F9D159C292BA7977133871A5C556F90CFFE4B3517F7EDC5ACDC1D15BD",
		},
		"F with escaped commas": {
			ownID, ownSecret, ownToken, own, "GET",
			"/v1.0/iot-03/devices/status?device_ids=bf0000000000000001aaaa%2Cbf0000000000000002bbbb", "",
			"2534937F9D159C292BA7977133871A5C556F90CFFE4B3517F7EDC5ACDC1D15BD",
		},
		"G empty value": {
			ownID, ownSecret, ownToken, own, "GET", "/v1.0/iot-01/associated-users/devices?last_row_key=&size=50", "",
			"26B7805EAD0F02303D146DC1DDF2373053059162F5E41EFD50D0304E9E291DFB",
		},
		"H body": {
			ownID, ownSecret, ownToken, own, "POST", "/v1.0/iot-03/devices/bf0000000000000001aaaa/commands",
			`{"commands":[{"code":"switch_1","value":true}]}`,
			"74EB2687951BE715335862BD293195D50245CFD64245A5A6AE2B210D11C14802",
		},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(c.target)
			if err != nil {
				t.Fatal(err)
			}
			s := signing{method: c.method, path: u.Path, query: u.Query(), header: c.header, body: []byte(c.body), token: c.token}
			if got := s.sign(c.id, c.secret); got != c.want {
				t.Errorf("want %s, got %s of %q", c.want, got, s.stringToSign())
			}
		})
	}
	for want, token := range map[string]string{
		"CEAAFB5CCDC2F723A9FD3E91D3D2238EE0DD9A6D7C3C365DEB50FC2AF277AA83": "",
		"36C30E300F226B68ADD014DD1EF56A81EDB7B7A817840485769B9D6C96D0FAA1": vendorToken,
	} {
		if got := (signing{header: bare, token: token}).legacySign(vendorID, vendorSecret); got != want {
			t.Errorf("legacy: want %s, got %s", want, got)
		}
	}
}

// Each rule of a signed call, broken alone.
func TestCallRules(t *testing.T) {
	device := "/v1.0/devices/" + Plug
	for name, c := range map[string]struct {
		method, target, body string
		spoil                func(b *bench, r *http.Request)
		code                 int
	}{
		"all fine":             {"GET", device, "", func(*bench, *http.Request) {}, 0},
		"no client_id":         {"GET", device, "", drop("client_id"), codeHeader},
		"no sign":              {"GET", device, "", drop("sign"), codeHeader},
		"no t":                 {"GET", device, "", drop("t"), codeHeader},
		"no sign_method":       {"GET", device, "", drop("sign_method"), codeHeader},
		"no access_token":      {"GET", device, "", drop("access_token"), codeNoToken},
		"unknown client":       {"GET", device, "", put("client_id", "p0000000000000000000"), codeClient},
		"other sign_method":    {"GET", device, "", put("sign_method", "HMAC-MD5"), codeSign},
		"small sign":           {"GET", device, "", func(_ *bench, r *http.Request) { r.Header.Set("sign", strings.ToLower(r.Header.Get("sign"))) }, codeSign},
		"nonce not signed":     {"GET", device, "", put("nonce", "another"), codeSign},
		"nonce dropped":        {"GET", device, "", drop("nonce"), codeSign},
		"body changed":         {"POST", device + "/commands", `{"commands":[]}`, func(_ *bench, r *http.Request) { body(r, `{"commands":[] }`) }, codeSign},
		"query changed":        {"GET", "/v1.0/devices?device_ids=" + Plug, "", func(_ *bench, r *http.Request) { r.URL.RawQuery = "device_ids=" + Bulb }, codeSign},
		"signed header differ": {"GET", device, "", put("Signature-Headers", "client_id"), codeSign},
		"other token":          {"GET", device, "", put("access_token", strings.Repeat("0", 32)), codeSign},
		"t in seconds":         {"GET", device, "", put("t", "1700000000"), codeTime},
		"t is a word":          {"GET", device, "", put("t", "thirteenchars"), codeTime},
		"t far behind":         {"GET", device, "", later(-6 * time.Minute), codeTime},
		"t far ahead":          {"GET", device, "", later(6 * time.Minute), codeTime},
		"t a bit behind":       {"GET", device, "", later(-4 * time.Minute), 0},
		"t a bit ahead":        {"GET", device, "", later(4 * time.Minute), 0},
		"unknown path":         {"GET", "/v1.0/nothing", "", func(*bench, *http.Request) {}, codePath},
		"wrong method":         {"POST", device, "{}", func(*bench, *http.Request) {}, codePath},
		"form body":            {"POST", device + "/commands", `{"commands":[]}`, put("Content-Type", "application/x-www-form-urlencoded"), codeIllegal},
		"twice the same key": {"GET", "/v1.0/devices?device_ids=a", "", func(_ *bench, r *http.Request) {
			r.URL.RawQuery = "device_ids=b&device_ids=a"
		}, codeSign},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Options{})
			b.login()
			req := b.request(c.method, c.target, c.body, b.token)
			c.spoil(b, req)
			r := b.must(req)
			if r.status != 200 || r.code() != c.code {
				t.Errorf("want code %d with status 200, got %d %s", c.code, r.status, r.body)
			}
			calls := b.Calls()
			if last := calls[len(calls)-1]; last.Code != c.code || (last.Refused == "") != (c.code == 0) {
				t.Errorf("want code %d and its reason in the books, got %d %q", c.code, last.Code, last.Refused)
			}
		})
	}
}

func drop(name string) func(*bench, *http.Request) {
	return func(_ *bench, r *http.Request) { r.Header.Del(name) }
}

func put(name, value string) func(*bench, *http.Request) {
	return func(_ *bench, r *http.Request) { r.Header.Set(name, value) }
}

// later signs again with another clock.
func later(d time.Duration) func(*bench, *http.Request) {
	return func(b *bench, r *http.Request) {
		b.offset = d
		fresh := b.request(r.Method, r.URL.RequestURI(), "", b.token)
		r.Header = fresh.Header
	}
}

func body(r *http.Request, text string) {
	r.Body = http.NoBody
	req, err := http.NewRequest(r.Method, r.URL.String(), strings.NewReader(text))
	if err == nil {
		r.Body, r.ContentLength, r.GetBody = req.Body, req.ContentLength, req.GetBody
	}
}

// A project from before 2021-06-30 takes both signatures, others the new one only.
func TestLegacyProjects(t *testing.T) {
	for _, legacy := range []bool{false, true} {
		b := newBench(t, Options{Projects: []Project{{AccessID: AccessID, AccessSecret: AccessSecret, Legacy: legacy}}})
		req := b.request("GET", "/v1.0/token?grant_type=1", "", "")
		now := strconv.FormatInt(time.Now().UnixMilli(), 10)
		req.Header.Set("t", now)
		req.Header.Set("sign", mac(AccessSecret, AccessID+now))
		if r := b.must(req); r.Success != legacy {
			t.Errorf("legacy %v: want success %v, got %s", legacy, legacy, r.body)
		}
		if r := b.must(b.request("GET", "/v1.0/token?grant_type=1", "", "")); !r.Success {
			t.Errorf("legacy %v: want the new signature to work, got %s", legacy, r.body)
		}
	}
}

// A GET with a body is signed with it: the vendor's own client sends {} along.
func TestBodyOfGet(t *testing.T) {
	b := newBench(t, Options{})
	b.wants(0, "GET", "/v1.0/devices/"+Plug, "{}")
}

func TestSignSkipsTheWireForm(t *testing.T) {
	b := newBench(t, Options{})
	b.login()
	req := b.request("GET", "/v1.0/devices?device_ids="+Plug+","+Bulb, "", b.token)
	req.URL.RawQuery = strings.ReplaceAll(req.URL.RawQuery, ",", "%2C")
	if r := b.must(req); !r.Success {
		t.Errorf("want an escaped comma to be as good, got %s", r.body)
	}
}
