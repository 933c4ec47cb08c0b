using System.Globalization;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Each kernel against the body of its function, for random sizes: the same ones in every run.</summary>
[TestClass]
public sealed class RandomKernelTests
{
    // Sizes that nobody chose round worse than the cases of KernelTests; a lost or wrong product is far more.
    private const double Tolerance = 1e-4;

    // Set SEMA_KERNEL_CASES to try more.
    private static readonly int Count = int.Parse(Environment.GetEnvironmentVariable("SEMA_KERNEL_CASES") ?? "36", CultureInfo.InvariantCulture);

    public static IEnumerable<object[]> Names => KernelTable.All.Select(k => new object[] { k.Name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void A_kernel_computes_what_its_function_does_for_any_sizes(string name)
    {
        for (var seed = 0; seed < Count; seed++)
        {
            var random = new Random(seed);
            var tried = RandomKernelCases.Table[name](random);
            var label = $"{name}, seed {seed}, inputs {string.Join(" ", tried.Inputs.Select(i => $"[{string.Join(" ", i(new Random(0)).Shape.ToArray())}]"))}, {string.Join(", ", tried.Attributes.Select(a => $"{a.Name} {(a.Value is long[] numbers ? string.Join(" ", numbers) : a.Value)}"))}";
            try
            {
                KernelTests.Compare(name, tried, random, Tolerance, label);
            }
            catch (RuntimeException e)   // it does not say which node it was
            {
                throw new AssertFailedException($"{label}: {e.Message}", e);
            }
        }
    }
}
