package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"hush/data"
	"hush/internal/nearest"
)

func dataCommand() *cli.Command {
	dir := &cli.StringFlag{Name: "data-dir", Usage: "look in `DIR` alone; default: $HUSH_DATA, then the user's cache folder"}
	return &cli.Command{
		Name:      "data",
		Usage:     "data sets: where they are, how to get them, whether they are whole",
		UsageText: "hush data list|fetch|verify|path\n\nhush data list\nhush data fetch mnist",
		Subcommands: []*cli.Command{
			{
				Name:      "list",
				Usage:     "the data sets in the catalog, and which of them are here",
				UsageText: "hush data list [--data-dir DIR]",
				Flags:     []cli.Flag{dir},
				Action:    listData,
			},
			{
				Name:  "fetch",
				Usage: "download data sets, resuming and verifying",
				UsageText: "hush data fetch NAME… [--data-dir DIR] [--mirror URL] [--offline]\n\n" +
					"hush data fetch mnist\nhush data fetch mnist fashion-mnist --data-dir datasets",
				Flags: []cli.Flag{
					dir,
					&cli.StringFlag{Name: "mirror", Usage: "try `URL`/NAME/FILE first; checksums hold for it as for any mirror"},
					&cli.BoolFlag{Name: "offline", Usage: "never use the network: fail if something is missing"},
				},
				Action: fetchData,
			},
			{
				Name:      "verify",
				Usage:     "compare files with their checksums; without a name, all sets that are here",
				UsageText: "hush data verify [NAME…] [--data-dir DIR]\n\nhush data verify cifar10",
				Flags:     []cli.Flag{dir},
				Action:    verifyData,
			},
			{
				Name:      "path",
				Usage:     "the folder of a data set; without a name, the folder into which sets are fetched",
				UsageText: "hush data path [NAME] [--data-dir DIR]\n\nls \"$(hush data path mnist)\"",
				Flags:     []cli.Flag{dir},
				Action:    dataPath,
			},
		},
	}
}

// cards looks the names up.
func cards(names []string) ([]*data.Card, error) {
	var out []*data.Card
	for _, n := range names {
		card, err := data.Lookup(n)
		if u := (*data.UnknownError)(nil); errors.As(err, &u) {
			hint := "hush data list shows all: " + strings.Join(u.Known, ", ")
			if near := nearest.Name(n, u.Known); near != "" {
				hint = fmt.Sprintf("did you mean %q? hush data list shows all", near)
			}
			return nil, usage(err, hint)
		}
		out = append(out, card)
	}
	return out, nil
}

func locator(c *cli.Context) data.Locator { return data.Locator{Dir: c.String("data-dir")} }

func listData(c *cli.Context) error {
	if c.NArg() > 0 {
		return usage(fmt.Errorf("unexpected argument %q", c.Args().First()), "hush data list shows all sets; hush data verify NAME one")
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "name\twhat\trecords\tshape\tclasses\twhere\tlicense")
	for _, card := range data.Catalog() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", card.Name, card.Title, sizes(card), card.Shape, len(card.Classes), where(card, locator(c)), card.License)
	}
	return w.Flush()
}

// sizes is the number of records of each part: "60000+10000".
func sizes(card *data.Card) string {
	text := fmt.Sprint(card.Train)
	for _, n := range []int{card.Validation, card.Test} {
		if n > 0 {
			text += fmt.Sprintf("+%d", n)
		}
	}
	return text
}

func where(card *data.Card, dir data.Locator) string {
	if card.Embedded() {
		return "inside the program"
	}
	place, err := dir.Locate(card)
	switch {
	case err == nil:
		return place.Folder
	case place != nil:
		return place.Folder + " (incomplete)"
	}
	return "not here"
}

func fetchData(c *cli.Context) error {
	names := c.Args().Slice()
	if len(names) == 0 {
		return usage(errors.New("which data set?"), "hush data list shows the names; hush data fetch mnist")
	}
	if m := c.String("mirror"); m != "" && !strings.HasPrefix(m, "https://") && !strings.HasPrefix(m, "http://") {
		return usage(fmt.Errorf("--mirror is %q, must begin with https://", m), "")
	}
	list, err := cards(names)
	if err != nil {
		return err
	}
	for _, card := range list {
		if err := fetchOne(c, card); err != nil {
			return err
		}
	}
	return nil
}

func fetchOne(c *cli.Context, card *data.Card) error {
	out, dir := c.App.Writer, locator(c)
	if card.Embedded() {
		fmt.Fprintf(out, "%s: inside the program\n", card.Name)
		return nil
	}
	files, err := data.Verify(c.Context, card, dir)
	if err != nil {
		return err
	}
	whole := true
	for _, f := range files {
		whole = whole && (f.State == data.FileOK || f.State == data.FileVariant)
	}
	if whole {
		fmt.Fprintf(out, "%s: already in %s\n", card.Name, where(card, dir))
		return nil
	}
	if c.Bool("offline") {
		return dataError(fmt.Errorf("%s is not here or not whole, and --offline forbids the network", card.Name), "hush data verify "+card.Name+" says what is missing")
	}
	folder, err := dir.FetchFolder(card)
	if err != nil {
		return dataError(err, "--data-dir DIR names a folder")
	}
	show, done := fetchProgress(c.App.ErrWriter)
	err = data.Fetch(c.Context, card, folder, data.FetchOptions{Mirror: c.String("mirror"), Progress: show})
	done()
	if e := (*data.Error)(nil); errors.As(err, &e) {
		return dataError(err, fmt.Sprintf("run it again to resume, or put the files into %s by hand: %s", folder, strings.Join(fileNames(card), ", ")))
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: fetched into %s\n", card.Name, folder)
	return nil
}

func fileNames(card *data.Card) []string {
	if card.Archive != nil {
		return []string{card.Archive.Name}
	}
	var names []string
	for _, f := range card.Files {
		names = append(names, f.Name)
	}
	return names
}

// fetchProgress shows a bar per file if w is a terminal, and nothing else. done takes the bars away.
func fetchProgress(w io.Writer) (show func(file string, done, total int64), done func()) {
	f, ok := terminal(w)
	if !ok {
		return nil, func() {}
	}
	bars := mpb.New(mpb.WithOutput(f), mpb.WithWidth(40), mpb.WithRefreshRate(100*time.Millisecond))
	byFile := map[string]*mpb.Bar{}
	show = func(file string, have, total int64) {
		bar := byFile[file]
		if bar == nil {
			bar = bars.AddBar(total, mpb.PrependDecorators(decor.Name(file+" ")),
				mpb.AppendDecorators(decor.CountersKibiByte("% .1f / % .1f"), decor.Name(" "), decor.AverageSpeed(decor.SizeB1024(0), "% .1f")))
			byFile[file] = bar
		}
		if total > 0 {
			bar.SetTotal(total, false)
		}
		bar.SetCurrent(have)
	}
	return show, func() {
		for _, bar := range byFile {
			bar.Abort(false)
		}
		bars.Wait()
	}
}

func verifyData(c *cli.Context) error {
	names := c.Args().Slice()
	named := len(names) > 0
	if !named {
		names = data.Names()
	}
	list, err := cards(names)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	var bad []string
	var first error
	for _, card := range list {
		if !named && where(card, locator(c)) == "not here" {
			fmt.Fprintf(w, "%s\t\tnot here\t\n", card.Name)
			continue
		}
		files, err := data.Verify(c.Context, card, locator(c))
		if err != nil {
			return interrupted(c.Context, err)
		}
		broken := false
		for _, f := range files {
			note := f.Note
			if f.Excluded > 0 {
				note += fmt.Sprintf(" (%d records left out)", f.Excluded)
			}
			if f.Err != nil {
				note = f.Err.Error()
				if first == nil {
					first = f.Err
				}
			}
			broken = broken || f.State == data.FileMissing || f.State == data.FileWrong
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", card.Name, f.File, f.State, note)
		}
		if broken {
			bad = append(bad, card.Name)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(bad) == 0 {
		return nil
	}
	what := fmt.Errorf("not whole: %s", strings.Join(bad, ", "))
	if first != nil {
		what = fmt.Errorf("%w: %w", what, first)
	}
	return dataError(what, "hush data fetch "+strings.Join(bad, " ")+" gets what is missing or wrong")
}

// interrupted returns err, or why ctx ended.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted: %w", context.Cause(ctx))
	}
	return err
}

func dataPath(c *cli.Context) error {
	names := c.Args().Slice()
	if len(names) == 0 {
		root, err := locator(c).Root()
		if err != nil {
			return dataError(err, "--data-dir DIR names a folder")
		}
		fmt.Fprintln(c.App.Writer, root)
		return nil
	}
	list, err := cards(names)
	if err != nil {
		return err
	}
	for _, card := range list {
		if card.Embedded() {
			return dataError(fmt.Errorf("%s is inside the program and has no folder", card.Name), "hush train --data "+card.Name+" needs no path")
		}
		place, err := locator(c).Locate(card)
		if err != nil {
			return dataError(err, "hush data fetch "+card.Name)
		}
		fmt.Fprintln(c.App.Writer, place.Folder)
	}
	return nil
}
