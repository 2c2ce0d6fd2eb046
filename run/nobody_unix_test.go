//go:build unix

package run

import (
	"os"
	"os/exec"
	"syscall"
)

// asNobody lets a command of root run without root's rights.
func asNobody(cmd *exec.Cmd) {
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
}
