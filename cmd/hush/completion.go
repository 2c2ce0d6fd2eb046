package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// shells lists the scripts that hush completion prints. Each asks the program itself what may come next, so a script
// stays right when verbs and flags change. A word that begins with "-" goes along: then the answer is flags.
var shells = [...]struct{ name, install, script string }{
	{"bash", "source <(hush completion bash)", `# bash completion for hush. To load it: source <(hush completion bash)
_hush() {
	local current="${COMP_WORDS[COMP_CWORD]}"
	local -a words=("${COMP_WORDS[@]:0:COMP_CWORD}")
	if [[ $current == -* ]]; then
		words+=("$current")
	fi
	COMPREPLY=()
	local word
	while IFS= read -r word; do
		word="${word%%:*}"
		if [[ -n $word && $word == "$current"* ]]; then
			COMPREPLY+=("$word")
		fi
	done < <("${words[@]}" --generate-bash-completion 2>/dev/null)
}
complete -o bashdefault -o default -F _hush hush
`},
	{"zsh", "source <(hush completion zsh)", `#compdef hush
# zsh completion for hush. To load it: source <(hush completion zsh), after compinit.
_hush() {
	local -a asked options
	asked=("${(@)words[1,CURRENT-1]}")
	if [[ ${words[CURRENT]} == -* ]]; then
		asked+=("${words[CURRENT]}")
	fi
	options=("${(@f)$("${asked[@]}" --generate-bash-completion 2>/dev/null)}")
	if [[ -n ${options[1]} ]]; then
		_describe 'hush' options
	else
		_files
	fi
}
compdef _hush hush
`},
	{"fish", "hush completion fish | source", `# fish completion for hush. To load it: hush completion fish | source
function __hush_complete
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	if string match -q -- '-*' $current
		set -a words $current
	end
	$words --generate-bash-completion 2>/dev/null | string replace -r ':.*' ''
end
complete -c hush -a '(__hush_complete)'
`},
}

func completionCommand() *cli.Command {
	var names []string
	for _, s := range shells {
		names = append(names, s.name)
	}
	known := strings.Join(names, ", ")
	c := &cli.Command{
		Name:      "completion",
		Usage:     "print a completion script: " + known,
		UsageText: "hush completion SHELL\n\nsource <(hush completion bash)\nhush completion fish | source",
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return usage(errors.New("which shell?"), "hush completion bash (known: "+known+")")
			}
			return unknownVerb(c, c.Command.Subcommands)
		},
	}
	for _, s := range shells {
		c.Subcommands = append(c.Subcommands, &cli.Command{
			Name:      s.name,
			Usage:     "for " + s.name + ": " + s.install,
			UsageText: s.install,
			Action: func(c *cli.Context) error {
				if c.NArg() > 0 {
					return usage(fmt.Errorf("unexpected argument %q", c.Args().First()), s.install)
				}
				_, err := io.WriteString(c.App.Writer, s.script)
				return err
			},
		})
	}
	return c
}
