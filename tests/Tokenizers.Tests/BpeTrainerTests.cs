using System.Runtime.InteropServices;
using System.Text;
using CsCheck;
using SparkTrain.Input;

namespace SparkTrain.Tokenizers.Tests;

public sealed class BpeTrainerTests
{
    // Sennrich et al. (2016) by hand: in "ab ab ab ac", with leading spaces part of words, counts are ' a' 3, 'ab' 3, 'ac' 1.
    // ' a' and 'ab' are equally frequent; the space (32) is smaller than 'a' (97), so ' a' wins; then ' a'+'b' occurs twice.
    [Fact]
    public void Merges_follow_counts_and_break_ties_by_id()
    {
        var tokenizer = new BpeTrainer(260).Train(["ab ab ab ac"]);
        Assert.Equal(" a", Encoding.UTF8.GetString(tokenizer.Bytes(256)));
        Assert.Equal(" ab", Encoding.UTF8.GetString(tokenizer.Bytes(257)));
        Assert.Equal((260, 258, 259), (tokenizer.VocabSize, tokenizer.BosToken, tokenizer.EosToken));
    }

    [Fact]
    public void Training_equals_a_plain_recount_after_every_merge()
    {
        Pieces.AnyOf("a", "b", "ab", "ba", " ", "aa", "abc", "1", "\n", "é", "日本", "👍", "'s").Array[20, 150].Select(string.Concat).Array[1, 4].Sample(texts =>
        {
            const int Most = 30;
            var expected = PlainTraining(texts, Most);
            var tokenizer = new BpeTrainer(258 + expected.Count).Train(texts);
            Assert.Equal(expected, Enumerable.Range(256, expected.Count).Select(id => Encoding.Latin1.GetString(tokenizer.Bytes(id))));
            if (expected.Count < Most) Assert.Throws<DataException>(() => new BpeTrainer(259 + expected.Count).Train(texts));
        }, iter: 300);
    }

    [Fact]
    public void The_result_does_not_depend_on_how_the_text_is_divided()
    {
        var texts = Enumerable.Range(0, 50).Select(i =>
            $"word{i % 7} and number {i} in a sentence of text about merging pieces. ").ToArray();
        Assert.Equal(new BpeTrainer(290).Train(texts).Hash, new BpeTrainer(290).Train(texts.Reverse()).Hash);
    }

    [Fact]
    public void An_endless_word_does_not_stall()
    {
        var tokenizer = new BpeTrainer(264).Train([new string('x', 2_000_000)]);
        var tokens = new List<int>();
        tokenizer.Encode(new string('x', 200_000), tokens);
        Assert.Equal(new string('x', 200_000), tokenizer.Decode(CollectionsMarshal.AsSpan(tokens)));
    }

    [Fact]
    public void Too_little_text_says_how_many_pieces_it_gives()
    {
        var error = Assert.Throws<DataException>(() => new BpeTrainer(5000).Train(["ab ab ab ac"]));
        Assert.Contains("bpe:260", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(257)]
    [InlineData(1_000_001)]
    public void A_size_without_room_for_bytes_and_specials_is_refused(int size) => Assert.Throws<DataException>(() => new BpeTrainer(size));

    // The definition itself: count all pairs, merge the best, count again. One piece may be spelled twice, then it gets no new id. A character
    // stands for a byte.
    private static List<string> PlainTraining(string[] texts, int merges)
    {
        var words = new List<List<int>>();
        var pieces = Enumerable.Range(0, 256).Select(b => ((char)b).ToString()).ToList();
        foreach (var text in texts)
        {
            var ends = new List<int>();
            new WordScanner().Split(text, ends);
            for (var (i, start) = (0, 0); i < ends.Count; start = ends[i++]) words.Add([.. Encoding.UTF8.GetBytes(text[start..ends[i]]).Select(b => (int)b)]);
        }
        while (pieces.Count < 256 + merges)
        {
            var counts = new Dictionary<(int, int), int>();
            foreach (var word in words)
                for (var i = 0; i + 1 < word.Count; i++) counts[(word[i], word[i + 1])] = counts.GetValueOrDefault((word[i], word[i + 1])) + 1;
            if (counts.Count == 0) break;
            var ((left, right), count) = counts.OrderByDescending(p => p.Value).ThenBy(p => p.Key).First();
            if (count < 2) break;
            var merged = pieces.IndexOf(pieces[left] + pieces[right]);
            if (merged < 0)
            {
                merged = pieces.Count;
                pieces.Add(pieces[left] + pieces[right]);
            }
            foreach (var word in words)
                for (var i = 0; i + 1 < word.Count; i++)
                    if ((word[i], word[i + 1]) == (left, right))
                    {
                        word[i] = merged;
                        word.RemoveAt(i + 1);
                    }
        }
        return pieces[256..];
    }
}
