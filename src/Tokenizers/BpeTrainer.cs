using System.Runtime.InteropServices;
using System.Text;
using SparkTrain.Input;

namespace SparkTrain.Tokenizers;

/// <summary>
/// Learns a byte-level BPE vocabulary (Sennrich et al., 2016): again and again the most frequent pair of neighbouring symbols inside words
/// becomes one symbol. Of equally frequent pairs the one with the smaller left id, then the smaller right id, is taken, so that the result
/// depends on the text only.
/// </summary>
public sealed class BpeTrainer
{
    // Words longer than this are counted in parts: one endless word must not dominate the time of every merge.
    private const int MaxWordLength = 128;
    private const int SpecialTokens = 2;

    private readonly int vocabSize;
    private readonly List<byte[]> pieces = [.. Enumerable.Range(0, 256).Select(b => new[] { (byte)b })];
    private readonly List<(int Left, int Right)> merges = [];
    private readonly Dictionary<string, int> ids = new(StringComparer.Ordinal);
    private readonly PairTable pairIndex = new();
    private readonly List<Pair> pairs = [];
    private readonly PriorityQueue<int, (long NegativeCount, ulong Key)> queue = new();

    /// <summary>Prepares for <paramref name="vocabSize"/> pieces in all: 256 bytes, merges, begin and end tokens.</summary>
    public BpeTrainer(int vocabSize)
    {
        if (vocabSize is < 256 + SpecialTokens or > 1_000_000)
            throw new DataException($"bpe:{vocabSize}", $"the size is {vocabSize}", $"{256 + SpecialTokens} to 1000000 pieces",
                "choose for example bpe:4096");
        this.vocabSize = vocabSize;
        foreach (var (id, piece) in pieces.Index()) ids.Add(ByteLevel.ToPiece(piece), id);
    }

    /// <summary>
    /// Trains on <paramref name="documents"/>. Throws <see cref="DataException"/> where the text has too few pairs that occur twice.
    /// </summary>
    public BpeTokenizer Train(IEnumerable<string> documents, CancellationToken cancellation = default)
    {
        var words = CountPairs(CountWords(documents, cancellation));
        for (var pair = 0; pair < pairs.Count; pair++) Enqueue(pair);
        while (pieces.Count < vocabSize - SpecialTokens)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!TryTakeMostFrequent(out var best)) throw TooLittleText();
            Merge(best, words);
        }
        return TokenizerFiles.ForTrained($"bpe-{vocabSize}", pieces, merges, split: true).Open();
    }

    private static Dictionary<string, long> CountWords(IEnumerable<string> documents, CancellationToken cancellation)
    {
        var total = new Dictionary<string, long>(StringComparer.Ordinal);
        var options = new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.ForEach(documents, options, () => new WordCounter(), (document, _, counter) => counter.Add(document), counter =>
        {
            lock (total)
                foreach (var (word, count) in counter.Counts) CollectionsMarshal.GetValueRefOrAddDefault(total, word, out _) += count;
        });
        return total;
    }

    private List<Word> CountPairs(Dictionary<string, long> counts)
    {
        var words = new List<Word>(counts.Count);
        foreach (var (text, count) in counts)
        {
            var word = new Word([.. Encoding.UTF8.GetBytes(text).Select(b => (int)b)], count);
            AddPairs(word, words.Count, sign: 1);
            words.Add(word);
        }
        return words;
    }

    private void AddPairs(Word word, int wordIndex, int sign)
    {
        var symbols = word.Symbols.AsSpan(0, word.Length);
        for (var i = 0; i + 1 < symbols.Length; i++)
        {
            var key = PairTable.Key(symbols[i], symbols[i + 1]);
            if (!pairIndex.TryGet(key, out var index))
            {
                index = pairs.Count;
                pairs.Add(new Pair(key));
                pairIndex.Add(key, index);
            }
            var pair = pairs[index];
            pair.Count += sign * word.Count;
            if (sign > 0 && (pair.Words.Count == 0 || pair.Words[^1] != wordIndex)) pair.Words.Add(wordIndex);
        }
    }

    // Whenever a count grows the pair is queued again, so its largest entry is an upper bound: a stale one goes back with its present
    // count.
    private bool TryTakeMostFrequent(out Pair best)
    {
        while (queue.TryDequeue(out var index, out var priority))
        {
            best = pairs[index];
            if (best.Count == -priority.NegativeCount) return true;
            Enqueue(index);
        }
        best = null!;
        return false;
    }

    private void Merge(Pair best, List<Word> words)
    {
        var (left, right) = ((int)(best.Key >> 32), (int)(uint)best.Key);
        var merged = IdOf([.. pieces[left], .. pieces[right]]);
        merges.Add((left, right));
        var grown = new HashSet<int>();
        foreach (var index in best.Words)
        {
            var word = words[index];
            if (!word.Contains(left, right)) continue;
            AddPairs(word, index, sign: -1);
            word.Replace(left, right, merged);
            AddPairs(word, index, sign: 1);
            word.AddPairsWith(merged, pairIndex, grown);
        }
        best.Words = [];
        foreach (var pair in grown) Enqueue(pair);
    }

    // Two merges can spell the same piece (a + bc, ab + c): it keeps its first id.
    private int IdOf(byte[] piece)
    {
        var name = ByteLevel.ToPiece(piece);
        if (ids.TryGetValue(name, out var id)) return id;
        ids.Add(name, pieces.Count);
        pieces.Add(piece);
        return pieces.Count - 1;
    }

    // A pair that occurs once teaches nothing.
    private void Enqueue(int index)
    {
        if (pairs[index].Count >= 2) queue.Enqueue(index, (-pairs[index].Count, pairs[index].Key));
    }

    private DataException TooLittleText() =>
        new($"bpe:{vocabSize}", $"the text has no more than {pieces.Count + SpecialTokens} pieces that occur twice",
        $"enough text for {vocabSize}", $"give more text, or ask for bpe:{pieces.Count + SpecialTokens} or fewer");

    private sealed class Pair(ulong key)
    {
        public readonly ulong Key = key;
        public long Count;
        public List<int> Words = [];
    }

    private sealed class Word(int[] symbols, long count)
    {
        public readonly int[] Symbols = symbols;
        public readonly long Count = count;
        public int Length = symbols.Length;

        public bool Contains(int left, int right)
        {
            for (var i = 0; i + 1 < Length; i++)
                if (Symbols[i] == left && Symbols[i + 1] == right) return true;
            return false;
        }

        public void Replace(int left, int right, int merged)
        {
            var to = 0;
            for (var from = 0; from < Length; to++)
            {
                var isPair = from + 1 < Length && Symbols[from] == left && Symbols[from + 1] == right;
                Symbols[to] = isPair ? merged : Symbols[from];
                from += isPair ? 2 : 1;
            }
            Length = to;
        }

        public void AddPairsWith(int symbol, PairTable pairIndex, HashSet<int> found)
        {
            for (var i = 0; i + 1 < Length; i++)
                if ((Symbols[i] == symbol || Symbols[i + 1] == symbol)
                    && pairIndex.TryGet(PairTable.Key(Symbols[i], Symbols[i + 1]), out var index))
                    found.Add(index);
        }
    }

    private sealed class WordCounter
    {
        private readonly WordScanner scanner = new();
        private readonly List<int> ends = [];

        public Dictionary<string, long> Counts { get; } = new(StringComparer.Ordinal);

        public WordCounter Add(string document)
        {
            ends.Clear();
            scanner.Split(document, ends);
            var counts = Counts.GetAlternateLookup<ReadOnlySpan<char>>();
            var start = 0;
            foreach (var end in ends)
            {
                for (; start < end; start += Math.Min(MaxWordLength, end - start))
                    CollectionsMarshal.GetValueRefOrAddDefault(counts, document.AsSpan(start, Math.Min(MaxWordLength, end - start)),
                        out _)++;
            }
            return this;
        }
    }
}
