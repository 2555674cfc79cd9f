//go:build e2e

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/hub2mqtt/hub2mqtt/hubs/tuya/tuyatest"
)

// openHubEnv names the broker of Open-Hub to the simulators' process; the others are
// how it lets clients in.
const (
	openHubEnv      = "HUB2MQTT_E2E_OPENHUB"
	openHubUser     = "cloud_e2e_user_for_open_hub"
	openHubPassword = "open-hub-password-24-chars-at-least"
)

// openHub connects the cloud to its broker, whose certificate nobody has to trust here.
func openHub(address string) (func(topic string, payload []byte) error, error) {
	o := paho.NewClientOptions().AddBroker(address).SetClientID("the-cloud").SetUsername(openHubUser).SetPassword(openHubPassword).
		SetTLSConfig(&tls.Config{InsecureSkipVerify: true}) //nolint:gosec // a test's own broker
	c := paho.NewClient(o)
	if token := c.Connect(); !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		return nil, fmt.Errorf("open-hub: %w", token.Error())
	}
	return func(topic string, payload []byte) error {
		token := c.Publish(topic, 1, false, payload)
		token.Wait()
		return token.Error()
	}, nil
}

func TestTuyaRestartMatrix(t *testing.T) {
	t.Parallel()
	matrix(t, "tuya", 30*time.Second)
}

// TestTuyaCanBeDriven lets Home Assistant's own services act on every entity of the
// simulated Tuya home.
func TestTuyaCanBeDriven(t *testing.T) {
	t.Parallel()
	setUpHome(t, "tuya").driveAll(t, 150)
}

// certificate makes a certificate for 127.0.0.1 that signs itself.
func certificate(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "open-hub"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// secureMosquitto is a real broker with TLS that lets in who knows Open-Hub's password.
func secureMosquitto(t *testing.T) (address, cert string) {
	t.Helper()
	dir, port := t.TempDir(), freePort(t)
	cert, key := certificate(t, dir)
	passwords := filepath.Join(dir, "passwords")
	tool, err := exec.LookPath("mosquitto_passwd")
	if err != nil {
		t.Skip("mosquitto_passwd is not installed")
	}
	if out, err := exec.Command(tool, "-b", "-c", passwords, openHubUser, openHubPassword).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	conf := filepath.Join(dir, "mosquitto.conf")
	text := fmt.Sprintf("user root\nlistener %d 127.0.0.1\ncertfile %s\nkeyfile %s\npassword_file %s\nallow_anonymous false\npersistence false\n",
		port, cert, key, passwords)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, nil, "mosquitto", "-c", conf)
	waitFor(t, 10*time.Second, "mosquitto with TLS", func() bool {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return fmt.Sprintf("ssl://127.0.0.1:%d", port), cert
}

// TestTuyaOverOpenHub: what happens at a device comes over Open-Hub's MQTT, through a
// real broker with TLS whose certificate is verified.
func TestTuyaOverOpenHub(t *testing.T) {
	t.Parallel()
	address, cert := secureMosquitto(t)
	broker, _ := mosquitto(t, freePort(t))
	sim := startSimulator(t, "tuya", openHubEnv+"="+address)
	mq := listen(t, broker)
	push := []string{"TUYA_PUSH=mqtt", "TUYA_POLL_INTERVAL=10m"}
	hub2mqtt(t, broker, sim, t.TempDir(), append(push, "SSL_CERT_FILE="+cert)...)
	waitFor(t, 30*time.Second, "push to be up", func() bool { return strings.Contains(mq.get("hub2mqtt/tuya/info"), `"push":"up"`) })
	const device, code = tuyatest.Plug, "switch_1"
	for _, on := range []bool{true, false, true} {
		sim.do(t, "/set", map[string]any{"device": device, "values": map[string]any{code: on}})
		want := fmt.Sprintf("%q:%q", code, map[bool]string{true: "ON", false: "OFF"}[on])
		waitFor(t, 5*time.Second, "the switch to show "+want, func() bool { return strings.Contains(mq.get("hub2mqtt/tuya/"+device), want) })
	}

	hub2mqtt(t, broker, sim, t.TempDir(), append(push, "BASE_TOPIC=stranger")...)
	waitFor(t, 30*time.Second, "the broker's certificate to be refused", func() bool {
		return strings.Contains(mq.get("stranger/tuya/info"), "certificate")
	})
	if strings.Contains(mq.get("stranger/tuya/info"), `"push":"up"`) {
		t.Error("a broker that nobody vouches for is trusted")
	}
}
