namespace SparkTrain.Inference;

/// <summary>What was active in the last call: for tests and measurements.</summary>
internal sealed class DecodeActivity
{
    private readonly List<Layer> layers = [];

    /// <summary>By layer, tokens in the order of the call.</summary>
    public IReadOnlyList<Layer> Layers => layers;

    /// <summary>Begins anew.</summary>
    public void Reset(int numLayers)
    {
        layers.Clear();
        for (int i = 0; i < numLayers; i++) layers.Add(new());
    }

    /// <summary>Begins another step of the same call.</summary>
    public void BeginStep(int tokens, int heads)
    {
        foreach (var layer in layers) layer.Grow(tokens, heads);
    }

    /// <summary>One layer's counts.</summary>
    internal sealed class Layer
    {
        private readonly List<long> active = [], kept = [];
        private int first, firstKept;

        /// <summary>Active neurons of each token.</summary>
        public IReadOnlyList<long> Active => active;

        /// <summary>Kept keys of each token and head, [token, head].</summary>
        public IReadOnlyList<long> Kept => kept;

        /// <summary>Neurons that any token of a step is active for, summed over the steps.</summary>
        public long Union { get; private set; }

        /// <summary>Adds the neurons of one token in one piece.</summary>
        public void AddActive(int row, int count)
        {
            lock (this) active[first + row] += count;
        }

        /// <summary>Adds a piece's neurons that any token is active for.</summary>
        public void AddUnion(int count)
        {
            lock (this) Union += count;
        }

        /// <summary>Says how many keys a token's head keeps; places are counted [token, head] within the step.</summary>
        public void SetKept(int place, int count)
        {
            lock (this) kept[firstKept + place] = count;
        }

        internal void Grow(int tokens, int heads)
        {
            (first, firstKept) = (active.Count, kept.Count);
            for (int i = 0; i < tokens; i++) active.Add(0);
            for (int i = 0; i < tokens * heads; i++) kept.Add(0);
        }
    }
}
