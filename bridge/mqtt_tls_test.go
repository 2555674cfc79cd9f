package bridge

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

// mqttCA signs certificates for one test.
type mqttCA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newMQTTCA(t *testing.T) *mqttCA {
	t.Helper()
	ca := &mqttCA{}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	ca.cert, ca.key, ca.pem = mqttSign(t, template, nil, nil)
	return ca
}

// mqttSign makes a certificate; without a parent it signs itself.
func mqttSign(t *testing.T, template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func (ca *mqttCA) issue(t *testing.T, usage x509.ExtKeyUsage, names ...string) (cert, key []byte) {
	t.Helper()
	template := &x509.Certificate{Subject: pkix.Name{CommonName: "leaf"}, ExtKeyUsage: []x509.ExtKeyUsage{usage}}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	_, private, text := mqttSign(t, template, ca.cert, ca.key)
	der, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return text, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
}

func TestMQTTOverTLS(t *testing.T) {
	ours, foreign := newMQTTCA(t), newMQTTCA(t)
	serverCert, serverKey := ours.issue(t, x509.ExtKeyUsageServerAuth, "127.0.0.1")
	otherCert, otherKey := ours.issue(t, x509.ExtKeyUsageServerAuth, "elsewhere.example")
	clientCert, clientKey := ours.issue(t, x509.ExtKeyUsageClientAuth)
	pool := x509.NewCertPool()
	pool.AddCert(ours.cert)

	cases := map[string]struct {
		scheme    string
		cert, key []byte
		mutual    bool
		give      MQTTCredentials
		want      string // in the problem; empty: it works
	}{
		"right CA":             {"mqtts", serverCert, serverKey, false, MQTTCredentials{CA: ours.pem}, ""},
		"ssl is mqtts":         {"ssl", serverCert, serverKey, false, MQTTCredentials{CA: ours.pem}, ""},
		"client's certificate": {"mqtts", serverCert, serverKey, true, MQTTCredentials{CA: ours.pem, Cert: clientCert, Key: clientKey}, ""},
		"it is missing":        {"mqtts", serverCert, serverKey, true, MQTTCredentials{CA: ours.pem}, "check MQTT_CERT"},
		"wrong CA":             {"mqtts", serverCert, serverKey, false, MQTTCredentials{CA: foreign.pem}, "set MQTT_CA"},
		"no CA":                {"mqtts", serverCert, serverKey, false, MQTTCredentials{}, "set MQTT_CA"},
		"other name":           {"mqtts", otherCert, otherKey, false, MQTTCredentials{CA: ours.pem}, "another name"},
		"CA is no PEM":         {"mqtts", serverCert, serverKey, false, MQTTCredentials{CA: []byte("x")}, "MQTT_CA holds no certificate"},
		"key of another":       {"mqtts", serverCert, serverKey, false, MQTTCredentials{CA: ours.pem, Cert: clientCert, Key: serverKey}, "do not fit together"},
		"broker without TLS":   {"mqtts", nil, nil, false, MQTTCredentials{}, ""},
		"TLS, but not asked":   {"mqtt", serverCert, serverKey, false, MQTTCredentials{}, "check the scheme"},
		"wss":                  {"wss", serverCert, serverKey, false, MQTTCredentials{CA: ours.pem}, ""},
		"wss, wrong CA":        {"wss", serverCert, serverKey, false, MQTTCredentials{CA: foreign.pem}, "set MQTT_CA"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			noMQTTLeak(t)
			l := mqttSocket(t)
			var server *tls.Config
			if tc.cert != nil {
				pair, err := tls.X509KeyPair(tc.cert, tc.key)
				if err != nil {
					t.Fatal(err)
				}
				server = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool}
				if tc.mutual {
					server.ClientAuth = tls.RequireAndVerifyClientCert
				}
			}
			switch {
			case tc.scheme == "wss":
				_ = l.Close()
				newMochi(t, &mqttRules{}, listeners.NewWebsocket(listeners.Config{ID: "ws", Address: l.Addr().String(), TLSConfig: server}))
			case server != nil:
				newMochi(t, &mqttRules{}, &mqttListener{Listener: tls.NewListener(l, server)})
			default:
				newMochi(t, &mqttRules{}, &mqttListener{Listener: l})
			}
			m := startMQTT(t, tc.scheme+"://"+l.Addr().String(), func(c *MQTTConfig, timing *mqttTiming) {
				c.Credentials = func() (MQTTCredentials, error) { return tc.give, nil }
				timing.connect = time.Second
			})
			if tc.want == "" && server != nil {
				m.awaitReplay(t, 1)
				return
			}
			mqttEventually(t, "a problem that says "+tc.want, func() bool { return m.Problem() != "" && strings.Contains(m.Problem(), tc.want) })
			if m.Counters().Connected.Load() {
				t.Error("connected")
			}
		})
	}
}
