namespace Sema.Onnx.Data.Batches;

/// <summary>A small generator of random numbers whose algorithm never changes, so that a run can be repeated and
/// resumed.</summary>
/// <remarks>
/// The state advances by the golden ratio and its hash is the output: a counter-based generator. Streams are told apart
/// by <see cref="For"/>, which hashes the seed and the keys into the first state. Source: G. Steele, D. Lea, C. Flood,
/// Fast splittable pseudorandom number generators, OOPSLA 2014 (the constants are those of S. Vigna's splitmix64.c).
/// </remarks>
internal struct SplitMix64(ulong state)
{
    private const ulong GoldenRatio = 0x9E3779B97F4A7C15;

    private ulong _state = state;

    /// <summary>Starts the stream of its own that belongs to a purpose, an epoch and a sample.</summary>
    internal static SplitMix64 For(ulong seed, RandomStream purpose, long epoch, long sample = 0)
    {
        var state = Hash(seed + GoldenRatio);
        state = Hash(state ^ (ulong)purpose);
        state = Hash(state + (ulong)epoch);
        return new SplitMix64(Hash(state + (ulong)sample));
    }

    /// <summary>Draws 64 uniform bits.</summary>
    internal ulong Next() => Hash(_state += GoldenRatio);

    /// <summary>Draws a whole number in [0, <paramref name="limit"/>), each equally likely.</summary>
    /// <remarks>Source: D. Lemire, Fast random integer generation in an interval, TOMACS 2019.</remarks>
    internal int NextBelow(int limit)
    {
        var range = (ulong)limit;
        var high = Math.BigMul(Next(), range, out var low);
        if (low < range)
        {
            var biased = (0 - range) % range;   // 2^64 mod limit
            while (low < biased)
                high = Math.BigMul(Next(), range, out low);
        }

        return (int)high;
    }

    private static ulong Hash(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
