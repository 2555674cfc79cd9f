package tuya

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5" //nolint:gosec // the vendor's choice
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
)

// What is pushed is encrypted with 16 characters out of a secret. The errors here say
// nothing of what was in a message.
var (
	errKey    = errors.New("the key is too short")
	errBase64 = errors.New("not base64")
	errLength = errors.New("of a length that none has")
	errSealed = errors.New("not encrypted with this key")
)

// pushKey is the key out of an Access Secret, or out of the password of an MQTT channel.
func pushKey(secret string) ([]byte, error) {
	if len(secret) < 24 {
		return nil, errKey
	}
	return []byte(secret[8:24]), nil
}

// pushPassword is what the message service takes for a password.
func pushPassword(id, secret string) string {
	sum := func(s string) string {
		h := md5.Sum([]byte(s)) //nolint:gosec // the vendor's choice
		return hex.EncodeToString(h[:])
	}
	return sum(id + sum(secret))[8:24]
}

// openPulsar decrypts the data of the message service. em is the frame's word on how it
// was encrypted; where it says nothing both ways are tried.
func openPulsar(data, em string, key []byte) ([]byte, error) {
	raw, err := decode64(data)
	if err != nil {
		return nil, err
	}
	if em == "aes_gcm" {
		return openGCM(raw, key)
	}
	plain, err := openECB(raw, key)
	if err == nil && json.Valid(plain) {
		return plain, nil
	}
	if other, err := openGCM(raw, key); err == nil {
		return other, nil
	}
	return plain, err
}

// openGCM takes a nonce of 12 bytes, the text and its tag.
func openGCM(raw, key []byte) ([]byte, error) {
	const nonce = 12
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, errKey
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil || len(raw) < nonce+gcm.Overhead() {
		return nil, errLength
	}
	plain, err := gcm.Open(nil, raw[:nonce], raw[nonce:], nil)
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

// openECB decrypts block by block and takes the padding off. Go has no such mode, for
// good reasons; the vendor has.
func openECB(raw, key []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, errKey
	}
	if len(raw) == 0 || len(raw)%aes.BlockSize != 0 {
		return nil, errLength
	}
	plain := make([]byte, len(raw))
	for at := 0; at < len(raw); at += aes.BlockSize {
		block.Decrypt(plain[at:], raw[at:at+aes.BlockSize])
	}
	pad := int(plain[len(plain)-1])
	if pad == 0 || pad > aes.BlockSize {
		return nil, errSealed
	}
	for _, b := range plain[len(plain)-pad:] {
		if int(b) != pad {
			return nil, errSealed
		}
	}
	return plain[:len(plain)-pad], nil
}

// openMQTT decrypts the data of the MQTT channel, whose second version begins with the
// length of its nonce and is bound to the time in its envelope, in the words of that
// envelope.
func openMQTT(data, millis string, key []byte) ([]byte, error) {
	raw, err := decode64(data)
	if err != nil {
		return nil, err
	}
	if plain, err := openBound(raw, []byte(millis), key); err == nil {
		return plain, nil
	}
	return openECB(raw, key)
}

func openBound(raw, bound, key []byte) ([]byte, error) {
	const head, longest = 4, 64
	if len(raw) < head {
		return nil, errLength
	}
	n := int(binary.BigEndian.Uint32(raw))
	if n <= 0 || n > longest || len(raw) < head+n {
		return nil, errLength
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, errKey
	}
	gcm, err := cipher.NewGCMWithNonceSize(block, n)
	if err != nil {
		return nil, errLength
	}
	plain, err := gcm.Open(nil, raw[head:head+n], raw[head+n:], bound)
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

func decode64(s string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(s))
	if err != nil {
		return nil, errBase64
	}
	return raw, nil
}
