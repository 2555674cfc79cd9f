package tuya

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

const (
	pubID     = "1KAD46OrT9HafiKdsXeg"
	pubSecret = "4OHBOnWOqaEC1mWXOpVL3yV50s0qGSRC"
	pubTime   = "1588925778000"
	pubNonce  = "5138cc3a9033d69856923fd07b491173"
	pubToken  = "3f4eda2bdec17232f67c0b188af3eec1"

	ownID     = "p1234567890abcdefghi"
	ownSecret = "0123456789abcdef0123456789abcdef"
	ownTime   = "1700000000000"
	ownToken  = "aaaabbbbccccddddeeeeffff00001111"
	ownNonce  = "9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d"
)

// Vectors that Tuya or others published (A to C), and ones made with two other programs.
func TestSign(t *testing.T) {
	signedHeaders := []field{{"area_id", "29a33e8796834b1efa6"}, {"call_id", "8afdb70ab2ed11eb85290242ac130003"}}
	for name, c := range map[string]struct {
		call                             unsigned
		secret, id, token, millis, nonce string
		want                             string
	}{
		"A token, signed headers": {
			unsigned{method: "GET", path: "/v1.0/token", query: []field{{"grant_type", "1"}}, header: signedHeaders},
			pubSecret, pubID, "", pubTime, pubNonce,
			"9E48A3E93B302EEECC803C7241985D0A34EB944F40FB573C7B5C2A82158AF13E",
		},
		"B business, signed headers, query in the wrong order": {
			unsigned{
				method: "GET", path: "/v2.0/apps/schema/users", query: []field{{"page_size", "50"}, {"page_no", "1"}}, header: signedHeaders,
			},
			pubSecret, pubID, pubToken, pubTime, pubNonce,
			"AE4481C692AA80B25F3A7E12C3A5FD9BBF6251539DD78E565A1A72A508A88784",
		},
		"C command without nonce": {
			unsigned{
				method: "POST", path: "/v1.0/devices/bf2c1e00ab0f12face/commands",
				body: []byte(`{"commands":[{"code":"switch_led","value":false}]}`),
			},
			pubSecret, pubID, pubToken, pubTime, "",
			"F27DD95A15E84C954DB2ED016096D517681FE79853B6CDAD446927352691804E",
		},
		"D token without nonce": {
			unsigned{method: "GET", path: "/v1.0/token", query: []field{{"grant_type", "1"}}},
			ownSecret, ownID, "", ownTime, "",
			"2F1B0B7F5E01525142CA8561751182372F54A7D94728CC39E058D8E3D857CBA1",
		},
		"E refresh": {
			unsigned{method: "GET", path: "/v1.0/token/22223333444455556666777788889999"},
			ownSecret, ownID, "", ownTime, ownNonce,
			"16F9557FEDA6CDB0D262CBADDE233336E24FBA699C37036F7C2BE711FF4FE346",
		},
		"F list of ids": {
			unsigned{
				method: "GET", path: "/v1.0/iot-03/devices/status",
				query: []field{{"device_ids", "bf0000000000000001aaaa,bf0000000000000002bbbb"}},
			},
			ownSecret, ownID, ownToken, ownTime, ownNonce,
			"2534937F9D159C292BA7977133871A5C556F90CFFE4B3517F7EDC5ACDC1D15BD",
		},
		"G empty value": {
			unsigned{
				method: "GET", path: "/v1.0/iot-01/associated-users/devices", query: []field{{"size", "50"}, {"last_row_key", ""}},
			},
			ownSecret, ownID, ownToken, ownTime, ownNonce,
			"26B7805EAD0F02303D146DC1DDF2373053059162F5E41EFD50D0304E9E291DFB",
		},
		"H command": {
			unsigned{
				method: "POST", path: "/v1.0/iot-03/devices/bf0000000000000001aaaa/commands",
				body: []byte(`{"commands":[{"code":"switch_1","value":true}]}`),
			},
			ownSecret, ownID, ownToken, ownTime, ownNonce,
			"74EB2687951BE715335862BD293195D50245CFD64245A5A6AE2B210D11C14802",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.call.sign(c.secret, c.id, c.token, c.millis, c.nonce); got != c.want {
				t.Errorf("want %s, got %s of %q", c.want, got, c.call.stringToSign())
			}
		})
	}
}

// The older algorithm signs no request; its vectors hold the key and the form of the sum.
func TestMac(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{pubID + pubTime, "CEAAFB5CCDC2F723A9FD3E91D3D2238EE0DD9A6D7C3C365DEB50FC2AF277AA83"},
		{pubID + pubToken + pubTime, "36C30E300F226B68ADD014DD1EF56A81EDB7B7A817840485769B9D6C96D0FAA1"},
	} {
		if got := mac(pubSecret, c.text); got != c.want {
			t.Errorf("want %s, got %s", c.want, got)
		}
	}
}

func TestStringToSign(t *testing.T) {
	body := []byte(`{"commands":[{"code":"switch_1","value":true}]}`)
	call := unsigned{method: "POST", path: "/v1.0/iot-03/devices/bf0000000000000001aaaa/commands", body: body}
	want := "POST\n00c2368c059275b6f529e038fc079d641a933173858053bf72070d768d072f0e\n\n/v1.0/iot-03/devices/bf0000000000000001aaaa/commands"
	if got := call.stringToSign(); got != want {
		t.Errorf("want %q, got %q", want, got)
	}
}

func TestPaths(t *testing.T) {
	call := unsigned{path: "/v1.0/x", query: []field{{"last_row_key", "a+b/c=="}, {"ids", "1,2"}}}
	if got, want := call.signedPath(), "/v1.0/x?ids=1,2&last_row_key=a+b/c=="; got != want {
		t.Errorf("signed: want %s, got %s", want, got)
	}
	if got, want := call.wirePath(), "/v1.0/x?ids=1,2&last_row_key=a%2Bb%2Fc%3D%3D"; got != want {
		t.Errorf("sent: want %s, got %s", want, got)
	}
}

func FuzzSign(f *testing.F) {
	f.Add("secret", "id", "token", "/v1.0/x", "k", "v", []byte("{}"))
	f.Add("", "", "", "", "", "", []byte(nil))
	f.Fuzz(func(t *testing.T, secret, id, token, path, name, value string, body []byte) {
		call := unsigned{method: "GET", path: path, query: []field{{name, value}, {"a", "1"}}, body: body}
		got := call.sign(secret, id, token, ownTime, ownNonce)
		if raw, err := hex.DecodeString(got); err != nil || len(raw) != sha256.Size {
			t.Errorf("no sum: %q", got)
		}
		if again := call.sign(secret, id, token, ownTime, ownNonce); again != got {
			t.Errorf("signing twice: %s and %s", got, again)
		}
		other := call
		other.body = append([]byte("x"), body...)
		if other.sign(secret, id, token, ownTime, ownNonce) == got {
			t.Error("another body has the same signature")
		}
	})
}
