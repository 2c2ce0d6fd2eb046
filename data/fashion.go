package data

// fashionMNIST is Zalando's set of article images, in MNIST's format and under MNIST's file names.
func fashionMNIST() *Card {
	zalando := "zalandoresearch/fashion-mnist, README"
	common := Provenance{"statistics of the train part, rounded, as in common PyTorch tutorials", "hush, for this public benchmark"}
	return idxSet(&Card{
		Name: "fashion-mnist", Title: "articles of clothing, 28×28", Shape: Shape{28, 28, 1},
		Classes: []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"},
		Order:   Provenance{"the table of labels", zalando},
		Train:   60000, Test: 10000, Counts: Provenance{"the published sizes of the two parts", zalando},
		Constants: []Constant{
			{"scale", []float64{255}, Provenance{"pixels are bytes", "the IDX format"}},
			{"mean", []float64{0.2860}, common},
			{"std", []float64{0.3530}, common},
		},
		Folders: []string{"fashion-mnist", "FashionMNIST/raw"},
		License: "MIT (Zalando SE)", Citation: "H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST, arXiv 1708.07747",
	}, []string{
		"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
		"https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
	}, [4]int64{26421880, 29515, 4422102, 5148}, [4][]Hash{
		{{ContentSHA256, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"}, {FileMD5, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"}},
		{{ContentSHA256, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"}, {FileMD5, "25c81989df183df01b3e8a0aad5dffbe"}},
		{{ContentSHA256, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"}, {FileMD5, "bef4ecab320f06d8554ea6380940ec79"}},
		{{ContentSHA256, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"}, {FileMD5, "bb300cfdad3c16e7a12a480ee83cd310"}},
	})
}
